import * as E from 'fp-ts/lib/Either.js'

/** A point in the history, as a person means one. Only the log can say which position that is. */
export type Moment =
  | Readonly<{ kind: 'now' }>
  | Readonly<{ kind: 'position'; position: number }>
  /** An event's id, or the beginning of one; in lower case. */
  | Readonly<{ kind: 'event'; id: string }>
  | Readonly<{ kind: 'time'; time: Date }>
  /** A start of the daemon: 0 is the last one, 1 the one before it. */
  | Readonly<{ kind: 'boot'; back: number }>

export type InvalidMoment = Readonly<{ reason: 'invalid-moment'; moment: string; cause: string }>

/** What a moment may look like, for whoever has written something else. */
export const momentForms =
  '@1234, an event id or the beginning of one, 2026-11-24T10:00:00Z, "2026-11-24 10:00", 2026-11-24, 10:00, ' +
  'yesterday, today, 10m or -10m or "10 minutes ago", now, boot, boot-1'

const LONGEST = 64

/**
 * Reads a moment. Times without a zone are the daemon's; a span is always counted into the past. `10d` is ten days and
 * not the beginning of an event's id: ids that begin so need one more character than that.
 */
export const parseMoment = (text: string, now: Date): E.Either<InvalidMoment, Moment> => {
  const moment = text.trim()
  const invalid = (why: string): E.Either<InvalidMoment, never> =>
    E.left({
      reason: 'invalid-moment',
      moment: text.slice(0, LONGEST),
      cause: `${JSON.stringify(text.slice(0, LONGEST))} ${why}; a moment is one of: ${momentForms}`,
    })
  if (moment.length > LONGEST) return invalid('is too long for a moment')

  for (const form of forms) {
    const match = form.pattern.exec(moment)
    if (match === null) continue
    const read = form.read(match.groups ?? {}, now)
    return typeof read === 'string' ? invalid(read) : E.right(read)
  }
  return invalid(/^\d+$/.test(moment) ? `could be many things (a position is @${moment})` : 'is not a moment')
}

type Groups = Readonly<Record<string, string | undefined>>
type Form = Readonly<{ pattern: RegExp; read: (groups: Groups, now: Date) => Moment | string }>

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const units: Readonly<Record<string, number>> = { s: SECOND, m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY }

const at = (time: Date): Moment | string =>
  Number.isNaN(time.getTime()) ? 'is not a time that there was' : { kind: 'time', time }

const ago = (span: number, now: Date) => at(new Date(now.getTime() - span))

/** The beginning of a day of the daemon's time zone, so many days from today. */
const midnight = (now: Date, days: number) =>
  new Date(now.getFullYear(), now.getMonth(), now.getDate() + days)

const position = ({ digits = '' }: Groups): Moment | string => {
  const number = Number(digits)
  return Number.isSafeInteger(number) ? { kind: 'position', position: number } : 'is beyond any position'
}

/** Of a sum of spans like `1h30m`. */
const lengthOf = (spans: string): number =>
  [...spans.matchAll(/(\d+)([smhdw])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ''] ?? Number.NaN),
    0,
  )

/** A date and time of day that the calendar has; null otherwise (Date.UTC would roll the 30th of February over). */
const onCalendar = (groups: Groups): ReadonlyArray<number> | null => {
  const [year, month, day, hour, minute, second] = ['year', 'month', 'day', 'hour', 'minute', 'second'].map(
    name => Number(groups[name] ?? 0),
  ) as [number, number, number, number, number, number]
  const date = new Date(Date.UTC(year, month - 1, day))
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  const milliseconds = Math.trunc(Number(`0.${groups['fraction'] ?? 0}`) * SECOND)
  return isDay && hour <= 23 && minute <= 59 && second <= 59
    ? [year, month - 1, day, hour, minute, second, milliseconds]
    : null
}

type Parts = [number, number, number, number, number, number, number]

const localTime = (groups: Groups): Moment | string => {
  const parts = onCalendar(groups)
  return parts === null ? 'is not a date of the calendar' : at(new Date(...(parts as unknown as Parts)))
}

const zonedTime = (groups: Groups): Moment | string => {
  const parts = onCalendar(groups)
  if (parts === null) return 'is not a date of the calendar'
  const { sign, zoneHours = '0', zoneMinutes = '0' } = groups
  if (Number(zoneHours) > 23 || Number(zoneMinutes) > 59) return 'has no time zone that there is'
  const offset = Number(zoneHours) * HOUR + Number(zoneMinutes) * MINUTE
  return at(new Date(Date.UTC(...(parts as unknown as Parts)) - (sign === '-' ? -offset : offset)))
}

const timeOfDay = ({ hour = '', minute = '', second = '0' }: Groups, now: Date): Moment | string => {
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return 'is not a time of day'
  const [year, month, day] = [now.getFullYear(), now.getMonth(), now.getDate()]
  return at(new Date(year, month, day, Number(hour), Number(minute), Number(second)))
}

const date = String.raw`(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)`
const time = String.raw`(?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d)(?:\.(?<fraction>\d{1,9}))?)?`
const zone = String.raw`(?:[Zz]|(?<sign>[+-])(?<zoneHours>\d\d):(?<zoneMinutes>\d\d))`

/** The first whose pattern fits is what is meant. */
const forms: ReadonlyArray<Form> = [
  { pattern: /^now$/i, read: () => ({ kind: 'now' }) },
  { pattern: /^today$/i, read: (_, now) => at(midnight(now, 0)) },
  { pattern: /^yesterday$/i, read: (_, now) => at(midnight(now, -1)) },
  {
    pattern: /^boot(?:-(?<back>\d{1,6}))?$/i,
    read: ({ back = '0' }) => ({ kind: 'boot', back: Number(back) }),
  },
  { pattern: /^@(?<digits>\d{1,17})$/, read: position },
  { pattern: /^-?(?<spans>(?:\d{1,9}[smhdw])+)$/, read: ({ spans = '' }, now) => ago(lengthOf(spans), now) },
  {
    pattern:
      /^(?<count>\d{1,9}) *(?<unit>s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?|w|weeks?) +ago$/i,
    read: ({ count, unit = '' }, now) =>
      ago(Number(count) * (units[unit.slice(0, 1).toLowerCase()] ?? 0), now),
  },
  { pattern: new RegExp(`^${date}[Tt ]${time}${zone}$`), read: zonedTime },
  { pattern: new RegExp(`^${date}(?:[Tt ]${time})?$`), read: localTime },
  { pattern: /^(?<hour>\d{1,2}):(?<minute>\d\d)(?::(?<second>\d\d))?$/, read: timeOfDay },
  // Short numbers are more likely a forgotten @ than the beginning of an id.
  {
    pattern: /^(?<id>(?!\d{1,7}$)[0-9a-f][0-9a-f-]{0,35})$/i,
    read: ({ id = '' }) => ({ kind: 'event', id: id.toLowerCase() }),
  },
]
