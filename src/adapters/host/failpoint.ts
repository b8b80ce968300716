import { appendFileSync } from 'node:fs'
import type { Failpoint } from '../../domain/kernel/failpoint.ts'

const { SHIPLOG_FAILPOINT: armed, SHIPLOG_FAILPOINTS_REACHED: reached } = process.env
const [name, times = '1'] = armed?.split('#') ?? []
let timesLeft = Number(times)

/**
 * Compiled in always, so that what is tested is what runs. `SHIPLOG_FAILPOINT=NAME` kills this process (SIGKILL) at the
 * point of that name, `NAME#3` at the third time; `SHIPLOG_FAILPOINTS_REACHED=FILE` keeps a list of the points that were
 * come by. Each thread counts for itself.
 */
export const failpoint: Failpoint = point => {
  if (reached !== undefined) appendFileSync(reached, `${point}\n`)
  if (point !== name) return
  timesLeft -= 1
  if (timesLeft === 0) process.kill(process.pid, 'SIGKILL')
}
