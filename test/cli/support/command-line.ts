import { Readable } from 'node:stream'
import { run } from '../../../src/cli/dispatch.ts'
import type { Io, StreamName } from '../../../src/cli/io.ts'

export type World = Readonly<{
  env?: Readonly<Record<string, string>>
  host?: string
  stdin?: Readable
  terminals?: ReadonlyArray<StreamName>
  size?: Readonly<{ rows: number; columns: number }>
  now?: Date
  cwd?: string
}>

/** A command line in a world that is made up; what it writes is kept. */
export const commandLine = ({ env = {}, host, stdin, terminals = [], size, now, cwd }: World = {}) => {
  const written = { out: '', err: '' }
  const signals = new Map<string, () => void>()
  const resized: Array<() => void> = []
  let raw = 0
  const listeners: Array<() => void> = []
  const heard = () => {
    for (const listener of listeners) listener()
  }
  const text = (data: string | Uint8Array) =>
    typeof data === 'string' ? data : Buffer.from(data).toString('utf8')

  const io: Io = {
    env: { ...(host === undefined ? {} : { SHIPLOG_HOST: host }), ...env },
    stdin: () => stdin ?? Readable.from([]),
    out: data => {
      written.out += text(data)
      heard()
    },
    err: data => {
      written.err += text(data)
      heard()
    },
    onOutputClosed: () => () => {},
    drained: () => Promise.resolve(),
    isTerminal: stream => terminals.includes(stream),
    size: () => size ?? null,
    onResize: listener => {
      resized.push(listener)
      return () => {}
    },
    onSignal: (signal, listener) => {
      signals.set(signal, listener)
      return () => signals.delete(signal)
    },
    rawMode: () => {
      raw += 1
      return () => {
        raw -= 1
      }
    },
    now: () => now ?? new Date('2026-11-24T12:00:00Z'),
    cwd: cwd ?? '/',
  }

  return {
    io,
    written,
    run: (...argv: ReadonlyArray<string>) => run(argv, io),
    signal: (name: NodeJS.Signals) => signals.get(name)?.(),
    resize: () => {
      for (const listener of resized) listener()
    },
    isRaw: () => raw > 0,
    /** Resolves when that text has been written. */
    said: (part: string, stream: 'out' | 'err' = 'out') =>
      new Promise<void>(resolve => {
        const check = () => {
          if (written[stream].includes(part)) resolve()
        }
        listeners.push(check)
        check()
      }),
  }
}

/** Runs one command line against a daemon, to its end. */
export const shiplog = async (world: World, ...argv: ReadonlyArray<string>) => {
  const line = commandLine(world)
  const exitCode = await line.run(...argv)
  return { exitCode, ...line.written }
}
