import type { StreamName } from '../../domain/kernel/store.ts'

/** Thrown where a log's content cannot be understood: no attempt will change that. Ports say `unreadable-history`. */
export class Unreadable extends Error {
  readonly stream: StreamName
  constructor(stream: StreamName, message: string) {
    super(message)
    this.stream = stream
  }
}
