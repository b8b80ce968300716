import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'

export type Message = Readonly<{ id: string | null; event: string | null; data: unknown }>

/** Reads server-sent events from a real socket, one at a time, and leaves when it is disposed of. */
export const eventStream = async (
  socketPath: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
) => {
  const sent = request({ socketPath, path, headers: { accept: 'text/event-stream', ...headers } })
  sent.end()
  const [reply] = (await once(sent, 'response')) as [IncomingMessage]
  sent.on('error', () => {})
  reply.on('error', () => {})

  async function* messages(): AsyncGenerator<Message> {
    let rest = ''
    for await (const chunk of reply) {
      rest += String(chunk)
      const blocks = rest.split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const field = (name: string) =>
          block
            .split('\n')
            .find(line => line.startsWith(`${name}: `))
            ?.slice(name.length + 2) ?? null
        const data = field('data')
        if (data !== null) yield { id: field('id'), event: field('event'), data: JSON.parse(data) as unknown }
      }
    }
  }
  const all = messages()

  return {
    status: reply.statusCode,
    headers: reply.headers,
    reply,
    next: async (): Promise<Message> => {
      const { value, done } = await all.next()
      if (done === true) throw new Error('the stream is over')
      return value
    },
    /** So many messages with ids, whatever is between them. */
    take: async (count: number): Promise<ReadonlyArray<Message>> => {
      const taken: Array<Message> = []
      while (taken.length < count) {
        const { value, done } = await all.next()
        if (done === true) break
        if (value.id !== null) taken.push(value)
      }
      return taken
    },
    [Symbol.dispose]: () => {
      sent.destroy()
      reply.destroy()
    },
  }
}
