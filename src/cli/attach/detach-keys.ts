import { UsageError } from '../failure.ts'

export const defaultDetachKeys = 'ctrl-p,ctrl-q'

/** `ctrl-p,ctrl-q` or `a,b`: single characters, or `ctrl-` with a letter or one of `@[\]^_` (docker's grammar). */
export const parseDetachKeys = (text: string): Uint8Array => {
  const keys = text.split(',').map(key => {
    if (/^[\x20-\x7e]$/.test(key)) return key.charCodeAt(0)
    const controlled = /^ctrl-([a-zA-Z@[\\\]^_])$/.exec(key)?.[1]
    if (controlled !== undefined) return controlled.toUpperCase().charCodeAt(0) - 64
    throw new UsageError(
      `--detach-keys "${text}": cannot read "${key}"`,
      'keys with commas between them, each one character or ctrl- and a letter',
    )
  })
  return Uint8Array.from(keys)
}

export type Passed = Readonly<{ data: Uint8Array; isDetached: boolean }>

/**
 * Lets typed bytes pass until the keys have been typed one after the other. What could still become them is held
 * back, and passes as soon as it cannot.
 */
export const detachDetector = (keys: Uint8Array) => {
  const held: Array<number> = []
  const mayBecomeKeys = () => held.every((byte, i) => byte === keys[i])
  return (chunk: Uint8Array): Passed => {
    const passed: Array<number> = []
    for (const byte of chunk) {
      held.push(byte)
      while (!mayBecomeKeys()) passed.push(held.shift() as number)
      if (held.length === keys.length) return { data: Uint8Array.from(passed), isDetached: true }
    }
    return { data: Uint8Array.from(passed), isDetached: false }
  }
}
