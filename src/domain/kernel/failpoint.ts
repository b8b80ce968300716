/**
 * Places within effects that take more than one step, where a crash leaves some of the steps done. Between events and
 * effects there are more: see `Point`.
 */
export const withinEffects = [
  'ingest received',
  'ingest synced',
  'ingest published',
  'blob unlinked',
  'layer extracted',
  'layer synced',
  'layer placed',
  'snapshot made',
  'snapshot placed',
  'snapshot put aside',
  'rootfs mounted',
  'bundle written',
  'rootfs unmounted',
  'bundle emptied',
  'monitor ready',
  'monitor started',
  'monitor told',
  'exec monitor ready',
  'exec monitor started',
  'exec monitor told',
  'stop signal sent',
  'runtime state let go',
  'read models written',
  'read models kept',
] as const

/**
 * A place where a crash would hurt: before an event is appended and after it is durable (nobody has heard of it yet),
 * before an effect and between it and its outcome, and within effects.
 */
export type Point =
  | `append ${string}`
  | `appended ${string}`
  | `effect ${string}`
  | `outcome ${string}`
  | (typeof withinEffects)[number]

/** Says that a point was reached. It does nothing, unless a test has asked for a crash there. */
export type Failpoint = (point: Point) => void
