import type { Descriptor, Platform } from '../kernel/descriptor.ts'
import type { IndexEntry } from './manifest.ts'
import { isDocumentType } from './manifest.ts'

// After github.com/containerd/platforms, `normalize` (database.go) and `platformVector` (compare.go).

// Maps, because the words come from indexes, and every object knows `constructor`.

const ARCHITECTURES: ReadonlyMap<string, readonly [architecture: string, variant: string]> = new Map([
  ['i386', ['386', '']],
  ['x86_64', ['amd64', '']],
  ['x86-64', ['amd64', '']],
  ['aarch64', ['arm64', '']],
  ['armhf', ['arm', 'v7']],
  ['armel', ['arm', 'v6']],
])

const DEFAULT_VARIANTS: ReadonlyMap<string, string> = new Map([
  ['amd64', 'v1'],
  ['arm64', 'v8'],
  ['arm', 'v7'],
])

/** A platform in its one spelling: `linux/aarch64/v8` is `linux/arm64`, `linux/arm` is `linux/arm/v7`. */
export const normalized = (platform: Platform): Platform => {
  const os = platform.os.toLowerCase()
  const written = platform.architecture.toLowerCase()
  const [architecture, implied] = ARCHITECTURES.get(written) ?? [written, '']
  const number = platform.variant.toLowerCase()
  const variant = /^\d/.test(number) ? `v${number}` : number || implied
  if (architecture === 'arm') return { os, architecture, variant: variant || 'v7' }
  return { os, architecture, variant: variant === DEFAULT_VARIANTS.get(architecture) ? '' : variant }
}

/** Everything that runs on a platform, best first: amd64/v3 runs v2, v1 and 386; arm64 runs arm/v8 to v5. */
export const runnableOn = (platform: Platform): ReadonlyArray<Platform> => {
  const { os, architecture, variant } = normalized(platform)
  const level = Number(/^v(\d+)/.exec(variant)?.[1] ?? 0)
  const below = (lowest: number) =>
    Array.from(
      { length: Math.max(0, Math.min(level, 16) - lowest) },
      (_, i) => `v${Math.min(level, 16) - 1 - i}`,
    )

  const own = [variant]
  switch (architecture) {
    case 'amd64':
      return [
        ...[...own, ...below(1)].map(variant => normalized({ os, architecture, variant })),
        { os, architecture: '386', variant: '' },
      ]
    case 'arm':
      return [...own, ...below(5)].map(variant => ({ os, architecture, variant }))
    case 'arm64':
      return [
        ...(variant === '' ? own : [...own, '']).map(variant => ({ os, architecture, variant })),
        ...['v8', 'v7', 'v6', 'v5'].map(variant => ({ os, architecture: 'arm', variant })),
      ]
    default:
      return own.map(variant => ({ os, architecture, variant }))
  }
}

const isSame = (a: Platform, b: Platform) =>
  a.os === b.os && a.architecture === b.architecture && a.variant === b.variant

/** Whether an image for `built` runs on `platform`; what a configuration leaves out is no objection. */
export const runsOn = (built: Platform, platform: Platform): boolean => {
  const { os, architecture } = normalized(platform)
  const whole = normalized({
    os: built.os || os,
    architecture: built.architecture || architecture,
    variant: built.architecture === '' ? platform.variant : built.variant,
  })
  return runnableOn(platform).some(candidate => isSame(candidate, whole))
}

/**
 * The image of an index that suits a platform best; the first where several are as good. Entries that say nothing
 * about their platform come last: whether they suit, only their configuration can tell. What is not an image
 * (attestations, signatures) is not looked at.
 */
export const select = (entries: ReadonlyArray<IndexEntry>, platform: Platform): Descriptor | null => {
  const images = entries.filter(({ descriptor }) => isDocumentType(descriptor.mediaType))
  for (const candidate of runnableOn(platform)) {
    const found = images.find(
      entry => entry.platform !== null && isSame(normalized(entry.platform), candidate),
    )
    if (found !== undefined) return found.descriptor
  }
  return images.find(entry => entry.platform === null)?.descriptor ?? null
}

/** `linux/arm/v7`, as people write it. */
export const platformText = ({ os, architecture, variant }: Platform) =>
  [os, architecture, variant].filter(part => part !== '').join('/')
