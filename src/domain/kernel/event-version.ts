/**
 * The events whose shape has changed since it was first written, with the version that is written now. Whoever changes
 * a shape counts on here, and has the component's codec read what older versions wrote (an upcaster).
 */
const changed: ReadonlyMap<string, number> = new Map()

/** The version of an event's shape that is written, and the newest that is read. */
export const versionOf = (type: string): number => changed.get(type) ?? 1
