import { buildApplication, proposeCompletions } from '@stricli/core'
import { inputsOf, normalise } from './arguments.ts'
import { catalogue, families } from './catalogue.ts'
import type { AnyCommand } from './command.ts'
import type { Io } from './io.ts'
import { routes, scanner } from './parser.ts'

/**
 * What could stand where the cursor is, one a line. `words` are those after `shiplog`, the last one as far as it is
 * typed; whatever goes wrong proposes nothing.
 */
export const complete = async (io: Io, words: ReadonlyArray<string>): Promise<number> => {
  try {
    for (const word of await proposals(words)) io.out(`${word}\n`)
  } catch {
    // A shell that is completing shows no errors.
  }
  return 0
}

const proposals = async (words: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const [name = '', ...rest] = words
  const partial = words.at(-1) ?? ''
  if (words.length < 2) {
    return Object.entries(catalogue)
      .filter(([each, { isHidden }]) => each.startsWith(partial) && isHidden !== true)
      .map(([each]) => each)
  }
  if (families[name] !== undefined) {
    if (words.length === 2) return Object.keys(families[name]).filter(member => member.startsWith(partial))
    return proposals([families[name][rest[0] ?? ''] ?? '', ...rest.slice(1)])
  }
  const entry = catalogue[name]
  if (entry === undefined) return []
  const spec = await entry.load()
  const inputs = completed(rest.slice(0, -1), spec)
  const app = buildApplication(routes({ [name]: spec }), { name: 'shiplog', scanner }, {})
  const silent = { process: { stdout: { write: () => {} }, stderr: { write: () => {} } } }
  const found = await proposeCompletions(app, [name, ...inputs, partial], silent)
  return found.map(({ completion }) => completion).filter(completion => completion !== '--')
}

/** What is typed before the cursor, in the parser's form, but open for more flags. */
const completed = (before: ReadonlyArray<string>, spec: AnyCommand): ReadonlyArray<string> => {
  const inputs = inputsOf(normalise(before, spec))
  const end = inputs.lastIndexOf('--')
  return [...inputs.slice(0, end), ...inputs.slice(end + 1)]
}
