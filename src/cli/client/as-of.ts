import type { RecordedEvent } from './answers.ts'
import type { Daemon } from './daemon.ts'

/** When a position was current. Ages in an answer as of then are computed as of then. */
export const timeOf = async (
  daemon: Daemon,
  at: string | undefined,
  position: number,
  now: Date,
): Promise<Date> => {
  if (at === undefined || position < 1) return now
  const { recordedAt } = await daemon.get<RecordedEvent>(`/v1/events/@${position}`)
  return new Date(recordedAt)
}
