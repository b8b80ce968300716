import type { Readable } from 'node:stream'

export type StreamName = 'stdin' | 'stdout' | 'stderr'

/** The world of one command, so that a test can be one too. */
export type Io = Readonly<{
  env: Readonly<Record<string, string | undefined>>
  /** Touched only by who reads it: opening it costs time and keeps the process alive. */
  stdin: () => Readable
  out: (data: string | Uint8Array) => void
  err: (data: string | Uint8Array) => void
  /** Resolves when so much of what was written to stdout is out that more may follow. */
  drained: () => Promise<void>
  /** Whoever read stdout has gone. Without a listener that is the end of this process: it has been read enough of. */
  onOutputClosed: (listener: () => void) => Unsubscribe
  isTerminal: (stream: StreamName) => boolean
  /** Of the terminal on stdout; null where there is none. */
  size: () => Readonly<{ rows: number; columns: number }> | null
  onResize: (listener: () => void) => Unsubscribe
  onSignal: (signal: NodeJS.Signals, listener: () => void) => Unsubscribe
  /** Keys one by one, unechoed; back to what it was by the result. */
  rawMode: () => Unsubscribe
  now: () => Date
  /** The user's, for credentials and pagers. */
  cwd: string
}>

export type Unsubscribe = () => void

/** A command without `--no-color` and the like: what is common to all of them. */
export type Session = Io &
  Readonly<{
    /** Whether escape sequences may be written to that stream. */
    hasColour: (stream: 'stdout' | 'stderr') => boolean
    /** Of the `--host` flag. */
    host: string | undefined
  }>
