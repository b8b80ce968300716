import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { busyboxAt } from '../support/busybox.ts'
import { startDaemon } from '../support/daemon.ts'
import type { Daemon } from '../support/daemon.ts'
import { eventsAfter, flawsOf } from '../support/history.ts'
import { assertSame, census } from '../support/leaks.ts'
import { scratch } from '../support/scratch.ts'

type Body = Readonly<{ failure?: { problem: string; cause: string }; operation?: string }>

describe('an OCI runtime that is broken', { concurrency: 1 }, () => {
  let busybox: Awaited<ReturnType<typeof busyboxAt>>
  let place: ReturnType<typeof scratch>
  let daemon: Daemon
  let runtime: string

  before(async () => {
    busybox = await busyboxAt()
    place = scratch('broken-runtime')
    runtime = join(place.path, 'runtime')
    behaving('exec runc "$@"')
    daemon = await startDaemon({ args: ['--runtime', runtime] })
    await daemon.command('pull-image', { reference: busybox.name })
  })
  after(async () => {
    await daemon[Symbol.asyncDispose]()
    await busybox[Symbol.asyncDispose]()
    await place[Symbol.asyncDispose]()
  })

  const behaving = (script: string) => writeFileSync(runtime, `#!/bin/sh\n${script}\n`, { mode: 0o755 })

  /** What is left when a container that could not be started is removed: nothing. */
  const look = () => {
    const { mounts, processes } = census({ root: daemon.state })
    return {
      mounts,
      processes: processes.filter(line => !line.includes('daemon.cjs')),
      cgroups: [],
      descriptors: [],
      files: [],
    }
  }

  const startFails = async (name: string, script: string) => {
    const before = look()
    behaving(script)
    const run = { image: busybox.name, name, args: ['sleep', '1000'] }
    const { status, body, text } = await daemon.command('run-container', run, { prefer: 'wait=90' })
    const { failure } = body as Body
    assert.equal(status, 422, text)
    const { body: view } = await daemon.ask('GET', `/v1/containers/${name}`)
    assert.equal((view as { status: string }).status, 'start-failed')
    await daemon.command('remove-container', { container: name })
    assertSame(before, look())
    assert.deepEqual(flawsOf(await eventsAfter(daemon, 0)), [])
    return failure?.cause ?? ''
  }

  it('that fails is quoted', async () =>
    assert.match(await startFails('fails', 'echo no such luck >&2; exit 1'), /no such luck/))

  it('that is killed is said to have ended before it had started anything', async () =>
    assert.notEqual(await startFails('killed', 'kill -9 $$'), ''))

  // conmon listens only when the runtime has ended, and the runtime does not end before somebody listens.
  it('that says gigabytes is not waited for for more than a minute', async () => {
    const cause = await startFails('loud', 'head -c 50000000 /dev/zero | tr "\\0" x >&2; exit 1')
    assert.match(cause, /the runtime has not answered within 60 s/)
  })

  it('that says what is no text is quoted as far as it is', async () =>
    assert.ok((await startFails('garbage', 'head -c 5000 /dev/urandom >&2; exit 3')).length < 20_000))

  it('that says it has started something, and has not, is found out', async () =>
    assert.notEqual(await startFails('liar', 'exit 0'), ''))

  it('keeps nobody waiting for the output of what never started', async () => {
    behaving('sleep 1; exit 1')
    const run = { image: busybox.name, name: 'awaited', args: ['sleep', '1000'] }
    const asked = await daemon.ask('POST', '/v1/commands/create-container', run, { prefer: 'wait=30' })
    assert.equal(asked.status, 200, asked.text)
    const started = daemon.command('start-container', { container: 'awaited' })
    for (;;) {
      const { body } = await daemon.ask('GET', '/v1/containers/awaited')
      if ((body as { status: string }).status === 'starting') break
    }
    const output = await daemon.ask('GET', '/v1/containers/awaited/output?follow=true')
    assert.equal(output.status === 404 || output.text === '', true, output.text)
    assert.equal((await started).status, 422)
  })

  it('is all that is wrong: the next container runs as ever', async () => {
    behaving('exec runc "$@"')
    const run = { image: busybox.name, name: 'well', args: ['true'] }
    assert.equal((await daemon.command('run-container', run)).status, 200)
    const { body } = await daemon.ask('GET', '/v1/containers/well/wait')
    assert.equal((body as { exitCode: number }).exitCode, 0)
  })
})
