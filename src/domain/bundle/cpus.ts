import { malformed, parsed, quoted } from './flag.ts'
import type { Parsed } from './flag.ts'

export const LEAST_CPUS = 0.01
/** More CPUs than Linux can be built for (NR_CPUS). */
export const MOST_CPUS = 8192

/** A number of CPUs, with fractions: `1.5`; null is no limit, which people write as `0`. */
export const parseCpus = (text: string): Parsed<number | null> => {
  if (!/^(?:\d{1,4}(?:\.\d{0,9})?|\.\d{1,9})$/.test(text))
    return malformed(`number of CPUs ${quoted(text)} is not a number like 1.5`)
  const cpus = Number(text)
  if (cpus === 0) return parsed(null)
  return cpus < LEAST_CPUS || cpus > MOST_CPUS
    ? malformed(`number of CPUs ${quoted(text)} is not between ${LEAST_CPUS} and ${MOST_CPUS}`)
    : parsed(cpus)
}
