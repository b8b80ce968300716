import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import assert from 'node:assert/strict'
import type { Daemon } from './daemon.ts'
import { eventsAfter, flawsOf } from './history.ts'

type Begun = Readonly<{ id: string; exitCode: number; lines: number }>

/**
 * People who start containers that write and end, and who ask again, with the same key, when the daemon goes away
 * before it has answered.
 */
export const load = (daemon: Daemon, image: string, people = 3) => {
  const begun: Array<Begun> = []
  let isOver = false
  let next = 0

  const begin = async () => {
    next += 1
    const [exitCode, lines] = [next % 7, 10 + (next % 5)]
    const key = randomUUID()
    const script = `i=0; while [ $i -lt ${lines} ]; do echo line $i; i=$((i+1)); sleep 0.02; done; exit ${exitCode}`
    const body = { image, args: ['sh', '-c', script] }
    for (;;) {
      const reply = await daemon.command('run-container', body, { 'idempotency-key': key }).catch(() => null)
      if (reply?.status === 200) {
        begun.push({ id: (reply.body as { subject: { id: string } }).subject.id, exitCode, lines })
        return
      }
      // 202: it was asked for, and is under way.
      if (reply !== null) assert.ok([202, 503].includes(reply.status), reply.text)
      await sleep(50)
    }
  }

  const working = Promise.all(
    Array.from({ length: people }, async () => {
      while (!isOver) await begin()
    }),
  )

  return {
    /** Stops asking, waits for all ends, and says what is not as it should be. */
    async flaws(): Promise<ReadonlyArray<string>> {
      isOver = true
      await working
      const flaws: Array<string> = []
      for (const { id, exitCode, lines } of begun) {
        const { body } = await daemon.ask('GET', `/v1/containers/${id}/wait`)
        const { exitCode: actual } = body as { exitCode: number | null }
        if (actual !== exitCode) flaws.push(`${id} ended with ${actual}, and not ${exitCode}`)
        const { stdout } = await daemon.shiplog(['logs', id])
        const whole = Array.from({ length: lines }, (_, i) => `line ${i}\n`).join('')
        if (stdout !== whole) flaws.push(`${id} wrote ${JSON.stringify(stdout)}`)
      }
      const events = await eventsAfter(daemon, 0)
      const asked = events.filter(({ type }) => type === 'ContainerCreateRequested').length
      if (asked !== begun.length) flaws.push(`${begun.length} containers were answered for, ${asked} made`)
      return [...flaws, ...flawsOf(events)]
    },
    count: () => begun.length,
  }
}
