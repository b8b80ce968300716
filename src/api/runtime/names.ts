import type { ContainerName } from '../../domain/kernel/identifiers.ts'

const adjectives = [
  'able', 'brisk', 'calm', 'candid', 'clever', 'daring', 'eager', 'early', 'fair', 'gentle', 'glad', 'hardy',
  'honest', 'keen', 'kind', 'light', 'lively', 'loyal', 'merry', 'neat', 'noble', 'patient', 'plain', 'prompt',
  'proud', 'quick', 'quiet', 'ready', 'serene', 'sober', 'steady', 'sturdy', 'swift', 'tidy', 'true', 'upright',
  'vivid', 'warm', 'wise', 'witty',
] as const

/** Ships, as a log has them. */
const ships = [
  'argo', 'astrid', 'aurora', 'beagle', 'belem', 'bounty', 'calypso', 'carrack', 'clipper', 'cutter', 'discovery',
  'dreki', 'endurance', 'erebus', 'felucca', 'fram', 'galleon', 'gjoa', 'hjejlen', 'junk', 'karve', 'ketch', 'knarr',
  'lugger', 'mayflower', 'nina', 'pinta', 'pinnace', 'polaris', 'resolute', 'schooner', 'sloop', 'terror', 'trireme',
  'vasa', 'victory', 'wavertree', 'xebec', 'yawl', 'zebu',
] as const

/** A name for a container that was given none, out of 16 random hex characters; a number comes along at a later try. */
export const inventName = (random: string, attempt: number): ContainerName => {
  const pick = (words: ReadonlyArray<string>, from: number) =>
    words[Number.parseInt(random.slice(from, from + 8), 16) % words.length] as string
  const name = `${pick(adjectives, 0)}_${pick(ships, 8)}`
  return (attempt === 0 ? name : `${name}${Number.parseInt(random.slice(4, 8), 16) % 1000}`) as ContainerName
}
