import * as t from 'io-ts'

/**
 * Why something did not work, as it is recorded: `problem` is one stable kebab-case word a program may decide on,
 * `cause` a sentence for people that names the path, digest or id it is about.
 */
export const Failure = t.strict({ problem: t.string, cause: t.string }, 'Failure')
export type Failure = t.TypeOf<typeof Failure>
