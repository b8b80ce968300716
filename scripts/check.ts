import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

// What can be said of the sources without running them, cheapest first. The first complaint ends it.

const root = join(import.meta.dirname, '..')

const checks: ReadonlyArray<[name: string, command: string, ...args: ReadonlyArray<string>]> = [
  ['format', 'biome', 'format', '--colors=off', '--max-diagnostics=3', '.'],
  ['lint', 'oxlint', '--deny-warnings'],
  ['types', 'tsc', '--pretty', 'false'],
  ['architecture', 'node', '--test', '--test-reporter=dot', 'test/architecture.spec.ts'],
  ['docs', 'node', 'scripts/events-page.ts', '--check'],
  ['problem pages', 'node', 'scripts/problem-pages.ts', '--check'],
  ['unused code', 'knip', '--no-progress', '--no-config-hints'],
]

const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` }

for (const [name, command, ...args] of checks) {
  const started = performance.now()
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, env, encoding: 'utf8' })
  const took = `${((performance.now() - started) / 1000).toFixed(1)} s`
  if (status === 0) {
    console.log(`${name.padEnd(12)} ok  ${took}`)
    continue
  }
  console.error(`${name.padEnd(12)} failed  ${took}\n`)
  console.error(error?.message ?? `${stdout}${stderr}`.trimEnd())
  process.exitCode = 1
  break
}
