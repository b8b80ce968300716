import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { scratch } from '../support/scratch.ts'

const daemon = join(import.meta.dirname, '..', '..', 'bin', 'shiplogd')

it('a daemon that is started wrongly says so, and ends with 2', () => {
  const { status, stderr } = spawnSync(daemon, ['--bogus'], { encoding: 'utf8' })
  assert.equal(status, 2, stderr)
  assert.match(stderr, /^shiplogd: Unknown option '--bogus'/)
})

it('a daemon whose directory is another’s says that, and what to do', async () => {
  // The whole of the repository is another's, too: Node itself is what is run as somebody else.
  await using directory = scratch('not-ours')
  chownSync(directory.path, 0, 0)
  chmodSync(directory.path, 0o755)
  const program = `
    import { takeDirectories } from ${JSON.stringify(join(import.meta.dirname, '../../src/adapters/host/own-directories.ts'))}
    process.setgid(65534); process.setuid(65534)
    try { takeDirectories(process.argv[1] + '/root', process.argv[1] + '/state') } catch ({ message }) { console.log(message) }
  `
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      '--experimental-ffi',
      '--disable-warning=ExperimentalWarning',
      '--input-type=module',
      '--eval',
      program,
      directory.path,
    ],
    { encoding: 'utf8' },
  )
  assert.equal(
    stdout,
    `${directory.path}/root: it is not ours to use (try: as root, or another directory)\n`,
    stderr,
  )
})
