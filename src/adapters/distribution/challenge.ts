import { refused } from './registry-failure.ts'

/** One way to prove who one is: `bearer` with its realm, service and scope, or `basic`. Names are in lower case. */
export type Challenge = Readonly<{ scheme: string; params: Readonly<Record<string, string>> }>

const token = String.raw`[!#$%&'*+.^_\`|~0-9A-Za-z-]+`
const pieces = new RegExp(
  String.raw`\s*(?:(${token})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))|(${token}))\s*(,|\s|$)`,
  'gy',
)

const MAX_LENGTH = 8192

/** Reads `WWW-Authenticate` (RFC 9110, section 11.6.1), which may be there several times or hold several challenges. */
export const parseChallenges = (
  value: string | ReadonlyArray<string> | undefined,
): ReadonlyArray<Challenge> => {
  const text = [value ?? []].flat().join(', ')
  if (text.length > MAX_LENGTH || hasControlCharacter(text))
    throw refused('registry-protocol', 'a challenge is not fit for a header')

  const challenges: Array<{ scheme: string; params: Record<string, string> }> = []
  pieces.lastIndex = 0
  for (let piece = pieces.exec(text); piece !== null && piece[0] !== ''; piece = pieces.exec(text)) {
    const [, name, quoted, plain, scheme] = piece
    if (scheme !== undefined)
      challenges.push({ scheme: scheme.toLowerCase(), params: Object.create(null) as {} })
    else if (name !== undefined) {
      const last = challenges.at(-1)
      if (last !== undefined)
        last.params[name.toLowerCase()] = quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? ''
    }
  }
  return challenges
}

const hasControlCharacter = (text: string) =>
  Array.from(text).some(character => character < ' ' || character === '\x7f')
