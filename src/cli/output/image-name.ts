/** `localhost:5000/a/b:1@sha256:…` apart; the colon of a port is no tag's. */
export const nameParts = (
  name: string,
): Readonly<{ repository: string; tag: string | null; digest: string | null }> => {
  const at = name.indexOf('@')
  const digest = at === -1 ? null : name.slice(at + 1)
  const rest = at === -1 ? name : name.slice(0, at)
  const colon = rest.lastIndexOf(':')
  const hasTag = colon > rest.lastIndexOf('/')
  return {
    repository: (hasTag ? rest.slice(0, colon) : rest).replace(/^docker\.io\/(?:library\/)?/, ''),
    tag: hasTag ? rest.slice(colon + 1) : null,
    digest,
  }
}

/** An image's name as people type it: without docker.io, library and latest. */
export const familiar = (name: string): string => {
  const short = name.replace(/^docker\.io\/(?:library\/)?/, '')
  // An image that was asked for by digest keeps that; a tag stands after the last slash.
  return short.replace(/:latest$/, '')
}
