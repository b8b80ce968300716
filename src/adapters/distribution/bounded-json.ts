const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Indexes, manifests and configurations are five deep or six. */
const DEEPEST = 64

/**
 * What JSON in UTF-8 says; undefined where it is not that, or is nested deeper than any honest document. Depth is looked
 * at first: two million brackets, which fit into a manifest, hold JSON.parse and whatever walks over its result for seconds.
 */
export const parseBounded = (bytes: Uint8Array): unknown => {
  try {
    const text = utf8.decode(bytes)
    return depthOf(text) > DEEPEST ? undefined : (JSON.parse(text) as unknown)
  } catch {
    return undefined
  }
}

const [quote, backslash] = ['"', '\\'].map(character => character.charCodeAt(0))
const opening = new Set(['[', '{'].map(character => character.charCodeAt(0)))
const closing = new Set([']', '}'].map(character => character.charCodeAt(0)))

/** How deep brackets are in brackets; of text that is not JSON, something. */
const depthOf = (text: string): number => {
  let depth = 0
  let deepest = 0
  let isInString = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) isInString = !isInString
    else if (isInString) at += code === backslash ? 1 : 0
    else if (opening.has(code)) deepest = Math.max(deepest, ++depth)
    else if (closing.has(code)) depth--
  }
  return deepest
}
