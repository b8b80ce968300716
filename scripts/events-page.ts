// Writes docs/events.md from the codecs and their docstrings; with --check, says whether it is up to date.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import type * as t from 'io-ts'
import { DomainEvent } from '../src/domain/events/catalogue.ts'

type Codec = t.Mixed &
  Readonly<{ _tag?: string; types?: ReadonlyArray<Codec>; props?: Record<string, Codec>; value?: unknown }>

/** Codecs of single events, out of unions of unions. */
const eventsIn = (codec: Codec): ReadonlyArray<Codec> =>
  codec._tag === 'UnionType' ? (codec.types ?? []).flatMap(eventsIn) : [codec]

const propsOf = (codec: Codec): Record<string, Codec> =>
  codec.props ?? (codec as unknown as { type: Codec }).type.props ?? {}

const described = (name: string) =>
  name.replaceAll(/\{ readonly \[K in (\w+)\]: symbol \}/g, '$1').replaceAll('|', '\\|')

/** `/** … *\/ const Name = t.strict(` : the sentence that stands above each event in the source. */
const docstrings = (): ReadonlyMap<string, string> => {
  const files = readdirSync('src/domain', { recursive: true, encoding: 'utf8' }).filter(file =>
    file.endsWith('.ts'),
  )
  const found = new Map<string, string>()
  for (const file of files) {
    const source = readFileSync(`src/domain/${file}`, 'utf8')
    for (const [, comment, name] of source.matchAll(
      /\/\*\*((?:(?!\*\/)[^])*)\*\/\nconst (\w+) = t\.strict\(/g,
    ))
      if (comment !== undefined && name !== undefined)
        found.set(name, comment.replaceAll(/\s*\n\s*\*\s?/g, ' ').trim())
  }
  return found
}

const page = () => {
  const texts = docstrings()
  const groups = ((DomainEvent as unknown as Codec).types ?? []).map(component => {
    const rows = eventsIn(component).map(event => {
      const { type, ...fields } = propsOf(event)
      const name = String(type?.value)
      const list = Object.entries(fields).map(([field, codec]) => `\`${field}\`: ${described(codec.name)}`)
      return `### ${name}\n\n${[texts.get(name), list.map(item => `- ${item}`).join('\n')].filter(Boolean).join('\n\n')}\n`
    })
    return `## ${component.name}\n\n${rows.join('\n')}`
  })
  return `# Every event\n\nGenerated from the codecs in \`src/domain\` by \`scripts/events-page.ts\`; do not edit. What stands beside every event\n(who, why, when, where) is in [history.md](history.md).\n\n${groups.join('\n')}`
}

const file = 'docs/events.md'
if (process.argv.includes('--check')) {
  const isCurrent = readFileSync(file, 'utf8') === page()
  if (!isCurrent) console.error(`${file} is not what the codecs say (try: node scripts/events-page.ts)`)
  process.exitCode = isCurrent ? 0 : 1
} else writeFileSync(file, page())
