import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { connectSeqpacket, peerCredentials, shutdown } from '../../../src/adapters/host/unix-socket.ts'

const directory = mkdtempSync(join(tmpdir(), 'socket-'))
after(() => rmSync(directory, { recursive: true }))

/** A listener that answers each packet with its length, and ends when it is told to. */
const listener = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
os.chdir(os.path.dirname(sys.argv[1]))
s.bind(os.path.basename(sys.argv[1])); s.listen(1); print("ready", flush=True)
c, _ = s.accept()
while True:
    p = c.recv(65536)
    if not p: break
    c.send(str(len(p)).encode())
    c.send(b"again")
c.send(b"bye")
`

const withListener = async (path: string, run: (socket: Socket) => Promise<void>) => {
  const child = spawn('python3', ['-c', listener, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const over = once(child, 'exit')
  try {
    await once(child.stdout, 'data')
    const socket = connectSeqpacket(path)
    try {
      await run(socket)
    } finally {
      socket.destroy()
    }
  } finally {
    child.kill('SIGKILL')
    await over
  }
}

describe('connectSeqpacket', () => {
  it('keeps packets apart, both ways, and half-closes', async () => {
    await withListener(join(directory, 's'), async socket => {
      const packets: Array<string> = []
      socket.on('data', packet => packets.push(packet.toString()))
      socket.write('x'.repeat(5000))
      while (packets.length < 2) await once(socket, 'data')
      assert.deepEqual(packets, ['5000', 'again'])
      socket.end()
      await once(socket, 'end')
      assert.deepEqual(packets, ['5000', 'again', 'bye'])
    })
  })

  it('reaches a socket whose path is longer than an address holds', async () => {
    const deep = join(directory, 'd'.repeat(120))
    mkdirSync(deep)
    await withListener(join(deep, 's'), async socket => {
      const told = once(socket, 'end')
      let heard = ''
      socket.on('data', packet => (heard += packet))
      socket.end('abc')
      await told
      assert.equal(heard, '3againbye')
    })
  })

  it('says who does not listen where', () => {
    assert.throws(() => connectSeqpacket(join(directory, 'nobody')), {
      code: 'ENOENT',
      path: join(directory, 'nobody'),
    })
  })
})

describe('peerCredentials', () => {
  it('tells who connected, as the kernel saw them', async () => {
    const server = createServer().listen(join(directory, 'stream'))
    await once(server, 'listening')
    const client = connect(join(directory, 'stream'))
    const [socket] = (await once(server, 'connection')) as [Socket]
    assert.deepEqual(peerCredentials(socket), {
      pid: process.pid,
      uid: process.getuid?.(),
      gid: process.getgid?.(),
    })
    shutdown(socket, 'both')
    client.resume()
    await once(client, 'end')
    socket.destroy()
    assert.throws(() => peerCredentials(socket), /closed/)
    client.destroy()
    server.close()
  })
})
