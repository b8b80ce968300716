/** How long, as docker words it. Milliseconds. */
export const duration = (milliseconds: number): string => {
  const seconds = Math.floor(milliseconds / 1000)
  if (seconds < 1) return 'Less than a second'
  if (seconds === 1) return '1 second'
  if (seconds < 60) return `${seconds} seconds`
  const minutes = Math.floor(seconds / 60)
  if (minutes === 1) return 'About a minute'
  if (minutes < 60) return `${minutes} minutes`
  const hours = Math.round(seconds / 3600)
  if (hours === 1) return 'About an hour'
  if (hours < 48) return `${hours} hours`
  const days = Math.floor(seconds / 86_400)
  if (days < 14) return `${days} days`
  if (days < 60) return `${Math.floor(days / 7)} weeks`
  if (days < 365 * 2) return `${Math.floor(days / 30)} months`
  return `${Math.floor(days / 365)} years`
}

/** How long before `now` a time was; a time that is not known is `N/A`. */
export const since = (time: string | null | undefined, now: Date): string => {
  const at = time == null ? Number.NaN : Date.parse(time)
  return Number.isNaN(at) ? 'N/A' : duration(Math.max(0, now.getTime() - at))
}

export const ago = (time: string | null | undefined, now: Date): string => {
  const age = since(time, now)
  return age === 'N/A' ? age : `${age} ago`
}

/** As a part of a sentence: docker's words begin with a capital. */
export const agoInSentence = (time: string | null | undefined, now: Date): string => {
  const age = ago(time, now)
  return age === 'N/A' ? 'some time ago' : age.charAt(0).toLowerCase() + age.slice(1)
}

const two = (n: number) => String(n).padStart(2, '0')

/** A time of the wall clock here, to the second, as docker prints it. */
export const localTime = (time: string | Date): string => {
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return String(time)
  const offset = -date.getTimezoneOffset()
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`
  return `${day(date)} ${clock(date)} ${zone}`
}

export const day = (date: Date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`

export const clock = (date: Date) =>
  `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`

/** A span between two events, short: `12 ms`, `3.4 s`, `2 min`. */
export const span = (milliseconds: number): string => {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`
  if (milliseconds < 3_600_000) return `${Math.round(milliseconds / 60_000)} min`
  if (milliseconds < 172_800_000) return `${(milliseconds / 3_600_000).toFixed(1)} h`
  return `${Math.round(milliseconds / 86_400_000)} d`
}
