// Writes docs/problems/ from the table of the API's refusals, one page for each; with --check, says whether they are up to date.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { problemWords } from '../src/api/problem-words.ts'
import type { Words } from '../src/api/problem-words.ts'

const folder = join(import.meta.dirname, '..', 'docs', 'problems')
const note = 'Generated from `src/api/problem-words.ts` by `scripts/problem-pages.ts`; do not edit.'

const page = (reason: string, { status, title, when, remedy }: Words) =>
  [
    `# ${reason}`,
    note,
    `**${status}**: ${title}.`,
    `## When\n\n${when}`,
    `## What to do\n\n${remedy}`,
    '',
  ].join('\n\n')

const problems = Object.entries<Words>(problemWords).toSorted(([a], [b]) => (a < b ? -1 : 1))

const index = [
  '# Every problem',
  note,
  'A refusal of the API is a problem (RFC 9457): `type` is the address of its page, `reason` the last part of that, `detail` says\nwhat it is about, and `try`, where it is there, what to do. A program decides on `reason`.',
  ['| reason | status | |', '|---|---|---|']
    .concat(
      problems.map(([reason, { status, title }]) => `| [${reason}](${reason}.md) | ${status} | ${title} |`),
    )
    .join('\n'),
  '',
].join('\n\n')

/** Every page by the name of its file. */
const pages: ReadonlyMap<string, string> = new Map([
  ['README.md', index],
  ...problems.map(([reason, words]): [string, string] => [
    `${reason}.md`,
    page(reason, words).trimEnd() + '\n',
  ]),
])

const present = () => {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

if (process.argv.includes('--check')) {
  const textOf = (file: string) =>
    present().includes(file) ? readFileSync(join(folder, file), 'utf8') : null
  const wrong = [...new Set([...pages.keys(), ...present()])].filter(file => textOf(file) !== pages.get(file))
  for (const file of wrong)
    console.error(`docs/problems/${file} is not what the table says (try: node scripts/problem-pages.ts)`)
  process.exitCode = wrong.length === 0 ? 0 : 1
} else {
  mkdirSync(folder, { recursive: true })
  for (const file of present()) if (!pages.has(file)) rmSync(join(folder, file))
  for (const [file, text] of pages) writeFileSync(join(folder, file), text)
}
