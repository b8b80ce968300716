import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

// How dependencies flow, in code. Everything here is about src/; paths are relative to the tree that is checked.

const COMPONENTS = [
  'distribution',
  'bundle',
  'runtime',
  'executor',
  'supervisor',
  'metadata',
  'content',
  'snapshot',
  'events',
  'metrics',
]

/** Folders a layer may have beside the ten components. */
const BESIDE: Readonly<Record<string, ReadonlyArray<string>>> = {
  domain: ['kernel', 'processes'],
  projections: [],
  adapters: ['host'],
  api: ['docker', 'grpc'],
}

const MOST_LINES = 400

type Rule = Readonly<{ from: RegExp; to: ReadonlyArray<RegExp>; because: string }>

const pure = [/^fp-ts\/lib\/\w+\.js$/, /^io-ts$/]
const library = /^(?!src\/)/
const domain = /^src\/domain\//
/** A component's decisions and shapes. What is left of its files are grammars: text in, values or reasons out. */
const notAGrammar = 'index|events|commands|decider|state|owed|port'

/** Who may import whom. The first rule whose `from` fits decides; `$1` in a `to` is what `from` captured. */
const RULES: ReadonlyArray<Rule> = [
  {
    from: /^src\/domain\/kernel\//,
    to: [...pure, /^src\/domain\/kernel\//],
    because: 'the kernel knows nobody',
  },
  {
    from: /^src\/domain\/(events|processes)\//,
    to: [
      ...pure,
      /^src\/domain\/(kernel|events)\//,
      /^src\/domain\/$1\//,
      /^src\/domain\/(?!processes\/)\w+\/index\.ts$/,
    ],
    because: 'the catalogue and the processes see components only through their index.ts',
  },
  {
    from: /^src\/domain\/(\w+)\//,
    to: [...pure, /^src\/domain\/(kernel|$1)\//],
    because: 'a component imports the kernel and itself',
  },
  {
    from: /^src\/projections\/(\w+)\//,
    to: [...pure, domain, /^src\/projections\/[\w-]+\.ts$/, /^src\/projections\/$1\//],
    because: 'a read model knows events and the SQL interface beside it',
  },
  {
    from: /^src\/projections\/[\w-]+\.ts$/,
    to: [...pure, domain, /^src\/projections\//],
    because: 'what read models share knows events and read models',
  },
  {
    from: /^src\/adapters\/host\//,
    to: [library, domain, /^src\/adapters\/host\//],
    because: 'the host knows no component',
  },
  {
    from: /^src\/adapters\/(\w+)\//,
    to: [
      library,
      domain,
      /^src\/projections\/(?:projection|replayed)\.ts$/,
      /^src\/adapters\/(events|host)\//,
      /^src\/adapters\/$1\//,
    ],
    because:
      'an adapter uses its siblings, events and host; what it needs of another component it is handed as a port',
  },
  {
    from: /^src\/api\//,
    to: [library, domain, /^src\/projections\//, /^src\/api\//],
    because: 'the API and the adapters meet in the composition root only',
  },
  {
    from: /^src\/cli\//,
    to: [
      library,
      /^src\/cli\//,
      /^src\/domain\/kernel\//,
      new RegExp(`^src/domain/(?!events/|processes/)\\w+/(?!(?:${notAGrammar})\\.ts$)`),
      // What docker logged in to is asked for on the side of the person who logged in.
      /^src\/adapters\/distribution\/docker-credentials\.ts$/,
    ],
    because:
      'the command line talks to the daemon; of the domain it knows words and grammars, never decisions',
  },
  { from: /^src\/[\w-]+\.ts$/, to: [/./], because: 'the composition root knows everyone' },
]

/** The only places that know a library's name, so that replacing it is one place's work. */
const HOMES: Readonly<Record<string, RegExp>> = {
  '@eventstore/db-client': /^src\/adapters\/events\//,
  '@stricli/core': /^src\/cli\//,
  execa: /^src\/adapters\//,
  fastify: /^src\/(api\/|[\w-]+\.ts$)/,
  'node:child_process': /^src\/(adapters|cli)\//,
  'node:ffi': /^src\/adapters\/host\//,
  'node:sqlite': /^src\/adapters\//,
  'smol-toml': /^src\/config\.ts$/,
  'tar-stream': /^src\/adapters\//,
  undici: /^src\/adapters\//,
}

type Import = Readonly<{ target: string; lazy: boolean }>

const STATIC = /^\s*(?:import|export)\b(?:[^'"();]*?\bfrom)?\s*['"]([^'"]+)['"]/gm
/** Types are gone before anything runs. */
const TYPES = /^\s*(?:import|export) type\b[^'"();]*?\bfrom\s*['"][^'"]+['"]/gm
const LAZY =
  /\bimport\(\s*['"]([^'"]+)['"]\s*\)|\bnew URL\(\s*['"](\.[^'"]+\.ts)['"]\s*,\s*import\.meta\.url/g

/** What a file imports: libraries by their name, files by their path from the root of the tree. */
const importsOf = (file: string, text: string): ReadonlyArray<Import> => {
  const code = text.replace(/^\s*\/\*[\s\S]*?\*\//gm, '').replace(/^\s*\/\/.*$/gm, '')
  const found = (pattern: RegExp, lazy: boolean) =>
    [...code.matchAll(pattern)].map(([, first, second]) => {
      const specifier = first ?? second ?? ''
      return {
        target: specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier,
        lazy,
      }
    })
  return [...found(STATIC, false), ...found(LAZY, true)]
}

const fits = (pattern: RegExp, captured: string, target: string) =>
  new RegExp(pattern.source.replaceAll('$1', captured)).test(target)

const trespassesOf = (file: string, imports: ReadonlyArray<Import>): ReadonlyArray<string> => {
  const rule = RULES.find(({ from }) => from.test(file))
  if (rule === undefined) return [`${file} is in no layer`]
  const captured = rule.from.exec(file)?.[1] ?? ''
  return imports.flatMap(({ target }) => {
    if (!rule.to.some(pattern => fits(pattern, captured, target)))
      return [`${file} imports ${target}: ${rule.because}`]
    const [, home] =
      Object.entries(HOMES).find(([name]) => target === name || target.startsWith(`${name}/`)) ?? []
    return home === undefined || home.test(file)
      ? []
      : [`${file} imports ${target}: only ${home.source.replaceAll('\\', '')} knows that library`]
  })
}

/** Each cycle once, as the path that closes it. A lazy import is not part of one: it is there to break it. */
const cyclesIn = (graph: ReadonlyMap<string, ReadonlyArray<Import>>): ReadonlyArray<string> => {
  const cycles: Array<string> = []
  const done = new Set<string>()
  const visit = (file: string, path: ReadonlyArray<string>): void => {
    if (path.includes(file)) {
      cycles.push(`${[...path.slice(path.indexOf(file)), file].join(' -> ')} is a cycle`)
      return
    }
    if (done.has(file)) return
    for (const { target, lazy } of graph.get(file) ?? []) if (!lazy) visit(target, [...path, file])
    done.add(file)
  }
  for (const file of graph.keys()) visit(file, [])
  return cycles
}

const strangeFolders = (files: ReadonlyArray<string>): ReadonlyArray<string> => {
  const folders = new Set(files.map(file => file.split('/').slice(1, 3).join('/')))
  return [...folders].flatMap(folder => {
    const [layer = '', name = ''] = folder.split('/')
    const beside = BESIDE[layer]
    if (beside === undefined || name.endsWith('.ts') || COMPONENTS.includes(name) || beside.includes(name))
      return []
    return [`src/${folder} is named after no component of the architecture`]
  })
}

/** All that is loaded, sooner or later, by whoever runs a file: sources by path, libraries by name. */
export const loadedBy = (root: string, entry: string): ReadonlySet<string> => {
  const loaded = new Set<string>()
  const load = (target: string): void => {
    if (loaded.has(target)) return
    loaded.add(target)
    if (!target.startsWith('src/')) return
    const text = readFileSync(join(root, target), 'utf8').replaceAll(TYPES, '')
    for (const { target: next } of importsOf(target, text)) load(next)
  }
  load(entry)
  return loaded
}

/** Every breach of the architecture in a tree with a `src` folder, as sentences. None is a good answer. */
export const breaches = (root: string): ReadonlyArray<string> => {
  const files = globSync('src/**/*.ts', { cwd: root }).sort()
  if (files.length === 0) return [`there is no TypeScript under ${join(root, 'src')}`]
  const texts = new Map(files.map(file => [file, readFileSync(join(root, file), 'utf8')]))
  const graph = new Map([...texts].map(([file, text]) => [file, importsOf(file, text)]))
  const tooLong = [...texts].flatMap(([file, text]) => {
    const lines = text.split('\n').length - 1
    return lines > MOST_LINES ? [`${file} has ${lines} lines; ${MOST_LINES} is the most`] : []
  })
  return [
    ...[...graph].flatMap(([file, imports]) => trespassesOf(file, imports)),
    ...cyclesIn(graph),
    ...tooLong,
    ...strangeFolders(files),
  ]
}
