const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** Bytes in powers of ten with three digits that count, as docker prints them. */
export const size = (bytes: number | null | undefined): string => {
  if (bytes == null || !Number.isFinite(bytes)) return 'N/A'
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${Number(value.toPrecision(3))}${units[unit]}`
}
