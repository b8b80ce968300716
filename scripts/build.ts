import { globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { build } from 'esbuild'
import type { BuildOptions, Plugin } from 'esbuild'

// The sources run as they are; bundles of them start faster, because Node then opens one file with its compiled code
// beside it and not hundreds of modules. `npm ci` makes them, and the launcher when they are not there.
//
// Medians on two cores: `run` fails to reach a daemon after 55 ms as split ES modules, after 45 ms as one CommonJS
// file. A daemon's libraries and sources are loaded after 424 ms at 131 MB as they are, after 235 ms at 106 MB with
// only the sources bundled, after 144 ms at 87 MB with the libraries in it too.

const root = join(import.meta.dirname, '..')
const out = join(root, 'dist')
const making = join(root, `dist.${process.pid}`)

/** `new URL('./x', import.meta.url)` must go on naming the same thing when the file that says it has moved to dist/. */
const filesBesideTheSource: Plugin = {
  name: 'files-beside-the-source',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: readFileSync(path, 'utf8').replace(
        /new URL\(\s*'([^':]+)',\s*import\.meta\.url\s*,?\s*\)/g,
        (_, file: string) => {
          const moved = file.endsWith('.ts')
            ? `./${basename(file, '.ts')}.js`
            : `./${relative(out, resolve(dirname(path), file))}`
          return `new URL('${moved}', import.meta.url)`
        },
      ),
    })),
}

const common: BuildOptions = {
  absWorkingDir: root,
  outdir: making,
  bundle: true,
  platform: 'node',
  target: 'node26',
  minifySyntax: true,
  legalComments: 'linked',
  logLevel: 'warning',
  plugins: [filesBesideTheSource],
}

/** One file, because each command's own would be some milliseconds more; what is imported lazily still runs lazily. */
const commandLine: BuildOptions = {
  ...common,
  entryPoints: { 'cli-main': './src/cli/main.ts' },
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  // Only a credential helper needs it, and it is half of all that would be loaded.
  external: ['execa'],
  define: { 'import.meta.dirname': '__dirname', 'import.meta.url': '__url' },
  banner: { js: `const __url = require('node:url').pathToFileURL(__filename).href` },
}

const workers = globSync('src/**/*-worker.ts', { cwd: root })

const daemon: BuildOptions = {
  ...common,
  entryPoints: {
    'daemon-main': './src/main.ts',
    ...Object.fromEntries(workers.map(file => [basename(file, '.ts'), `./${file}`])),
  },
  chunkNames: 'daemon-[name]-[hash]',
  format: 'esm',
  splitting: true,
  // These read files of their own package, and are wanted seldom.
  external: ['@scalar/fastify-api-reference', '@eventstore/db-client'],
  // CommonJS libraries inside expect what every CommonJS module has.
  banner: {
    js: `import { createRequire as __createRequire } from 'node:module'
const require = __createRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname`,
  },
}

/**
 * Compiled code is kept beside the bundle or, where that is not ours to write, in the user's own cache. Node
 * wants to be told before it loads what is to profit, hence a file of its own.
 */
const starter = (main: string) => `const { constants, enableCompileCache } = require('node:module')
if (enableCompileCache(__dirname + '/.cache').status === constants.compileCacheStatus.FAILED) {
  const { XDG_CACHE_HOME, HOME } = process.env
  const home = XDG_CACHE_HOME || (HOME && HOME + '/.cache')
  if (home) enableCompileCache(home + '/shiplog')
}
${main}
`

/** The old bundle goes only when the new one is whole: a command that runs meanwhile sees either. */
const replace = () => {
  mkdirSync(out, { recursive: true })
  const stale = new Set(readdirSync(out))
  for (const file of readdirSync(making)) {
    renameSync(join(making, file), join(out, file))
    stale.delete(file)
  }
  for (const file of stale) rmSync(join(out, file), { recursive: true })
}

try {
  await Promise.all([build(commandLine), build(daemon)])
  writeFileSync(join(making, 'cli.cjs'), starter(`require('./cli-main.cjs')`))
  writeFileSync(join(making, 'daemon.cjs'), starter(`import('./daemon-main.js')`))
  replace()
} catch (error) {
  // What esbuild has to say about the sources it has said already.
  if (!(error instanceof Error && 'errors' in error)) throw error
  process.exitCode = 1
} finally {
  rmSync(making, { recursive: true, force: true })
}
