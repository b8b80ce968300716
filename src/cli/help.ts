import { kebab } from './arguments.ts'
import { catalogue } from './catalogue.ts'
import type { Group } from './catalogue.ts'
import type { AnyCommand } from './command.ts'
import type { Paint } from './output/colour.ts'

const titles: Readonly<Record<Group, string>> = {
  run: 'run',
  containers: 'containers',
  images: 'images',
  history: 'history',
  engine: 'engine',
}

/** `shiplog` alone: at most 25 lines. */
export const overview = (paint: Paint): string => {
  const groups = (Object.keys(titles) as ReadonlyArray<Group>).flatMap(group => {
    const names = Object.entries(catalogue)
      .filter(([, entry]) => entry.group === group && entry.isHidden !== true)
      .map(([name]) => name)
    return wrap(names.join('  '), 66).map(
      (line, i) => `  ${paint('bold', (i === 0 ? titles[group] : '').padEnd(12))}${line}`,
    )
  })
  return [
    'shiplog: a container engine whose source of truth is its history.',
    '',
    '  shiplog run --rm alpine echo hello      pull what is missing, run it, remove it',
    '  shiplog why web                         why it ended, back to the command and the person',
    '',
    ...groups,
    '',
    "shiplog COMMAND --help explains each, examples first. The flags are docker's.",
    'SHIPLOG_HOST chooses the daemon (unix:///PATH or http://HOST:PORT).',
    'Moments (--at, --since, --until): @1234, an event id, 2026-11-24 10:00, 10m, yesterday, boot.',
    'Documentation: README.md and docs/ of the installation, and /docs of the daemon.',
    '',
  ].join('\n')
}

/** Examples first, then the grammar, then every flag. */
export const commandHelp = (spec: AnyCommand, paint: Paint): string => {
  const width = Math.max(...spec.examples.map(([line]) => line.length)) + 2
  return [
    `${spec.brief[0]?.toUpperCase()}${spec.brief.slice(1)}.`,
    '',
    ...spec.examples.map(([line, meaning]) =>
      width > 52
        ? `  shiplog ${line}\n      ${paint('dim', meaning)}`
        : `  shiplog ${line.padEnd(width)}${paint('dim', meaning)}`,
    ),
    '',
    `${paint('bold', 'usage')}  shiplog ${spec.usage}`,
    '',
    ...flagLines(spec, paint),
    ...(spec.notes === undefined ? [] : ['', spec.notes]),
    '',
  ].join('\n')
}

const flagLines = ({ flags, aliases = {} }: AnyCommand, paint: Paint): ReadonlyArray<string> => {
  const letters = new Map(Object.entries(aliases).map(([letter, name]) => [name, letter]))
  const rows = Object.entries(flags).map(([name, flag]) => {
    const letter = letters.get(name)
    const value = flag.kind === 'boolean' ? '' : ` ${flag.values?.join('|') ?? flag.placeholder ?? 'VALUE'}`
    const names = `${letter === undefined ? '    ' : `-${letter}, `}--${kebab(name)}${value}`
    return [names, `${flag.brief}${flag.variadic === true ? ' (again for more)' : ''}`] as const
  })
  const width = Math.min(34, Math.max(...rows.map(([names]) => names.length)))
  return rows.map(([names, brief]) =>
    names.length > width
      ? `  ${paint('bold', names)}\n  ${' '.repeat(width)}  ${brief}`
      : `  ${paint('bold', names.padEnd(width))}  ${brief}`,
  )
}

const wrap = (text: string, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const word of text.split('  ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length + 2 <= width)
      lines[lines.length - 1] = `${last}  ${word}`
    else lines.push(word)
  }
  return lines
}
