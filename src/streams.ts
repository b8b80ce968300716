import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import * as E from 'fp-ts/lib/Either.js'
import { openTerminalInput } from './adapters/supervisor/input.ts'
import { readOutput } from './adapters/supervisor/output-log.ts'
import { terminalSizes } from './adapters/supervisor/terminal.ts'
import type { Engine, Input } from './api/engine.ts'
import type { ContainerId, ExecId } from './domain/kernel/identifiers.ts'
import type { EffectFailure } from './domain/kernel/problem.ts'
import type { OpenedHands } from './hands.ts'

type Streams = Pick<Engine, 'output' | 'input' | 'resize' | 'execOutput' | 'execInput' | 'resizeExec'>

const over = Promise.resolve()

/** A stream as somebody's input. Whoever leaves a terminal's input, or a FIFO's, leaves it open for the next. */
const inputOn = (stream: Writable, isTerminal: boolean): Input => ({
  write: bytes =>
    new Promise(resolve => {
      if (stream.destroyed || !stream.writable) return resolve(false)
      stream.write(bytes, error => resolve(error == null))
    }),
  end: () => void (isTerminal ? stream.destroy() : stream.end()),
  leave: () => void (isTerminal && stream.destroy()),
})

const closed = (cause: string): E.Either<EffectFailure, never> =>
  E.left({ reason: 'refused', problem: 'input-closed', cause })

/** The streams of what runs, as the API hands them on. */
export const streamsOf = ({ bundles, hands, inputs, directoryOf, execOutput }: OpenedHands): Streams => {
  const resize = terminalSizes()
  const execDirectory = (container: ContainerId, exec: ExecId) => join(directoryOf(container), 'exec', exec)

  const inputAt = (
    owner: ContainerId | ExecId,
    directory: string,
    { terminal, stdin }: Readonly<{ terminal: boolean; stdin: boolean }>,
  ): E.Either<EffectFailure, Input> => {
    if (!stdin && !terminal) return closed('it was started without standard input')
    if (terminal) {
      try {
        return E.right(inputOn(openTerminalInput(join(directory, 'attach')), true))
      } catch (error) {
        return closed((error as Error).message)
      }
    }
    const input = inputs.of(owner)
    return input === null ? closed('its standard input has ended') : E.right(inputOn(input.stream(), false))
  }

  return {
    output: ({ id, run, status }, query) => {
      const path = bundles.outputPath(id)
      if (!existsSync(path)) return null
      const isOver = !['starting', 'running', 'paused'].includes(status)
      return readOutput(path, {
        ...query,
        ended: isOver ? over : Promise.race([hands.monitor.ended({ container: id, run }), query.over]),
      })
    },

    input: ({ id, status, options }) =>
      status === 'running' || status === 'paused' || status === 'starting'
        ? inputAt(id, directoryOf(id), options)
        : E.left({ reason: 'refused', problem: 'not-running', cause: `container ${id} does not run` }),

    resize: (container, size) => resize(directoryOf(container), size),

    execOutput: ({ id, container, status }, signal) => {
      const path = execOutput(container, id)
      if (!existsSync(path)) return null
      const isOver = status !== 'starting' && status !== 'running'
      const ended = isOver ? over : hands.processes.ended({ exec: id, container })
      return readOutput(path, { follow: true, since: null, until: null, tail: null, ended, signal })
    },

    execInput: exec => inputAt(exec.id, execDirectory(exec.container, exec.id), exec),

    resizeExec: ({ id, container }, size) => resize(execDirectory(container, id), size),
  }
}
