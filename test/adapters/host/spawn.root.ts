import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { SystemError } from '../../../src/adapters/host/libc.ts'
import { reap, spawnDetached } from '../../../src/adapters/host/spawn.ts'
import type { Ended } from '../../../src/adapters/host/spawn.ts'

const directory = mkdtempSync(join(tmpdir(), 'spawn-'))
after(() => rmSync(directory, { recursive: true }))

const ended = async (pid: number): Promise<Ended> => {
  for (;;) {
    const status = reap(pid)
    if (status !== null) return status
    await setTimeout(5)
  }
}

const sh = async (script: string, { fds = [] as ReadonlyArray<number | null>, cwd = '/', env = {} } = {}) => {
  const output = join(directory, 'output')
  const fd = openSync(output, 'w')
  try {
    const status = await ended(
      spawnDetached('/bin/sh', ['-c', script], { env, cwd, fds: [null, fd, fd, ...fds] }),
    )
    return { status, output: readFileSync(output, 'utf8') }
  } finally {
    closeSync(fd)
  }
}

describe('spawnDetached', () => {
  it('gives arguments, environment, directory, and nothing of ours', async () => {
    const { status, output } = await sh('echo "$0 $A $HOME $(pwd)"; exit 3', {
      env: { A: 'b c' },
      cwd: directory,
    })
    assert.deepEqual(status, { exitCode: 3, signal: null })
    assert.equal(output, `sh b c  ${directory}\n`)
  })

  it('starts a session of its own, with no signal blocked or ignored', async () => {
    // Of the process itself at last: a shell blocks every signal for the moment in which it starts a command.
    const { output } = await sh(
      'echo $$; cut -d" " -f6 /proc/$$/stat; exec grep -E "^Sig(Blk|Ign):" /proc/self/status',
    )
    const [pid, session, blocked, ignored] = output.split('\n')
    assert.equal(pid, session)
    assert.match(`${blocked} ${ignored}`, /^SigBlk:\s0+ SigIgn:\s0+$/)
  })

  it('hands on exactly the descriptors named, each in its place', async () => {
    const a = openSync('/etc/hostname', 'r')
    const b = openSync('/etc/passwd', 'r')
    try {
      const { output } = await sh('exec /bin/ls -l /proc/self/fd', { fds: [b, null, a] })
      const here = join(directory, 'output')
      const seen = output.match(/\d+ -> (?!\/proc).*/g)
      assert.deepEqual(seen, [
        '0 -> /dev/null',
        `1 -> ${here}`,
        `2 -> ${here}`,
        '3 -> /etc/passwd',
        `5 -> ${readlinkSync(`/proc/self/fd/${a}`)}`,
      ])
    } finally {
      closeSync(a)
      closeSync(b)
    }
  })

  it('swaps descriptors that stand in each other’s place', async () => {
    const output = join(directory, 'swapped')
    const file = openSync(output, 'w+')
    const held = [openSync('/dev/zero', 'r'), openSync('/dev/full', 'r')]
    const [zero, full] = held as [number, number]
    try {
      const width = Math.max(zero, full) + 1
      const fds: Array<number | null> = new Array(width).fill(null)
      fds[1] = file
      fds[zero] = full
      fds[full] = zero
      await ended(
        spawnDetached('/bin/sh', ['-c', `readlink /proc/$$/fd/${zero} /proc/$$/fd/${full}`], {
          fds,
          env: { PATH: '/usr/bin:/bin' },
        }),
      )
      assert.equal(readFileSync(output, 'utf8'), '/dev/full\n/dev/zero\n')
    } finally {
      for (const fd of [file, ...held]) closeSync(fd)
    }
  })

  it('says which program is not there', () => {
    assert.throws(
      () => spawnDetached('/no/such/program', []),
      (error: unknown) =>
        error instanceof SystemError && error.code === 'ENOENT' && error.path === '/no/such/program',
    )
  })
})

describe('reap', () => {
  it('tells a signal from an exit code, and a living child from a dead one', async () => {
    const pid = spawnDetached('/bin/sleep', ['60'])
    assert.equal(reap(pid), null)
    process.kill(pid, 'SIGKILL')
    assert.deepEqual(await ended(pid), { exitCode: null, signal: 9 })
    assert.throws(() => reap(pid), { code: 'ECHILD' })
  })
})
