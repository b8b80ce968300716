import {
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Daemon } from './daemon.ts'

/** What can be pulled in a scenario. `bare` is in every daemon before its scenario begins. */
export type Images = Readonly<{
  busybox: string
  /** busybox with a layer of its own. */
  other: string
  /** Its last layer is not what its config says. */
  wrongLayer: string
  /** The registry has lost its last layer. */
  missingLayer: string
  /** In no registry. */
  nowhere: string
}>

/** Something a person does, and what has to be there before. It is killed in the middle of `act`. */
export type Scenario = Readonly<{
  name: string
  prepare?: (daemon: Daemon, images: Images) => Promise<void>
  act: (daemon: Daemon, images: Images) => Promise<unknown>
  /** Undoes what `act` did behind the daemon's back and had no time to undo. */
  mend?: (daemon: Daemon) => void
}>

/** Only a daemon that dies may leave a command without an answer. */
const command = (daemon: Daemon, name: string, body: unknown) =>
  daemon.command(name, body).catch((error: NodeJS.ErrnoException) => {
    if (!['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(error.code ?? '')) throw error
  })

const create = (name: string, ...args: ReadonlyArray<string>) => ({
  name,
  args: args.length === 0 ? ['sleep', '1000'] : args,
})

const running =
  (name: string, ...args: ReadonlyArray<string>) =>
  async (daemon: Daemon, { busybox: image }: Images) => {
    const { status, text } = await daemon.command('run-container', { image, ...create(name, ...args) })
    if (status !== 200) throw new Error(text)
  }

const idOf = async (daemon: Daemon, name: string) =>
  ((await daemon.ask('GET', `/v1/containers/${name}`)).body as { id: string }).id

/** The monitor of a container, or of the newest process in it, is shot. */
const killMonitor = async (daemon: Daemon, name: string, of: 'container' | 'process') => {
  const directory = join(daemon.state, 'containers', await idOf(daemon, name))
  const processes = join(directory, 'exec')
  const place = of === 'container' ? directory : join(processes, readdirSync(processes)[0] ?? '')
  process.kill(Number(readFileSync(join(place, 'conmon.pid'), 'utf8')), 'SIGKILL')
}

/** Waits for an event of the type, as long as there is a daemon to ask. */
const heard = async (daemon: Daemon, type: string) => {
  for (let i = 0; i < 200; i++) {
    const reply = await daemon.ask('GET', `/v1/events?type=${type}`).catch(() => null)
    if (reply === null || (reply.body as { items: ReadonlyArray<unknown> }).items.length > 0) return
    await sleep(20)
  }
}

/** The cgroup that freezes a container's processes is taken away from around them. */
const uncage = async (daemon: Daemon, name: string) => {
  const hierarchies = '/sys/fs/cgroup'
  const hierarchy = existsSync(join(hierarchies, 'freezer')) ? join(hierarchies, 'freezer') : hierarchies
  const cage = join(hierarchy, 'shiplog', await idOf(daemon, name))
  const [state, thawed] = existsSync(join(cage, 'freezer.state'))
    ? ['freezer.state', 'THAWED']
    : ['cgroup.freeze', '0']
  writeFileSync(join(cage, state), thawed)
  for (let left = ['']; left.length > 0; ) {
    left = readFileSync(join(cage, 'cgroup.procs'), 'utf8')
      .split('\n')
      .filter(pid => pid !== '')
    for (const pid of left) {
      try {
        writeFileSync(join(hierarchy, 'cgroup.procs'), pid)
      } catch (error) {
        // It has ended meanwhile.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
  }
  rmdirSync(cage)
}

export const scenarios: ReadonlyArray<Scenario> = [
  { name: 'pull', act: (daemon, { other }) => command(daemon, 'pull-image', { reference: other }) },
  {
    name: 'pull that fails',
    act: async (daemon, { nowhere, wrongLayer, missingLayer }) => {
      await command(daemon, 'pull-image', { reference: nowhere })
      await command(daemon, 'pull-image', { reference: wrongLayer })
      await command(daemon, 'pull-image', { reference: missingLayer })
    },
  },
  {
    name: 'remove image',
    prepare: async (daemon, { other }) => void (await daemon.command('pull-image', { reference: other })),
    act: (daemon, { other }) => command(daemon, 'remove-image', { image: other }),
  },
  {
    name: 'create',
    act: (daemon, { busybox: image }) => command(daemon, 'create-container', { image, ...create('made') }),
  },
  {
    name: 'create that fails',
    act: async (daemon, { busybox: image }) => {
      await command(daemon, 'create-container', { image, ...create('unknown'), user: 'nobody-knows' })
      await Promise.all(
        ['true', 'false'].map(which =>
          command(daemon, 'create-container', { image, ...create('both', which) }),
        ),
      )
    },
  },
  {
    name: 'create on a layer that is lost',
    prepare: async (daemon, { other }) => {
      await daemon.command('pull-image', { reference: other })
      const layers = join(daemon.root, 'snapshots', 'layers')
      renameSync(layers, `${layers}.away`)
      mkdirSync(layers)
    },
    act: (daemon, { other: image }) => command(daemon, 'create-container', { image, ...create('baseless') }),
    mend: daemon => {
      const layers = join(daemon.root, 'snapshots', 'layers')
      if (!existsSync(`${layers}.away`)) return
      rmdirSync(layers)
      renameSync(`${layers}.away`, layers)
    },
  },
  {
    name: 'start',
    prepare: async (daemon, { busybox: image }) =>
      void (await daemon.command('create-container', {
        image,
        ...create('ends', 'sh', '-c', 'echo hi; exit 3'),
      })),
    act: async daemon => {
      await command(daemon, 'start-container', { container: 'ends' })
      await heard(daemon, 'ContainerExited')
    },
  },
  {
    name: 'start that fails',
    prepare: async (daemon, { busybox: image }) =>
      void (await daemon.command('create-container', { image, ...create('wrong', '/no/such/program') })),
    act: daemon => command(daemon, 'start-container', { container: 'wrong' }),
  },
  {
    name: 'run and remove',
    act: async (daemon, { busybox: image }) => {
      await command(daemon, 'run-container', { image, ...create('brief', 'true'), autoRemove: true })
      await heard(daemon, 'ContainerRemoved')
    },
  },
  {
    name: 'exec',
    prepare: running('host'),
    act: async daemon => {
      await command(daemon, 'exec-container', { container: 'host', args: ['sh', '-c', 'exit 4'] })
      await heard(daemon, 'ExecExited')
    },
  },
  {
    name: 'exec that fails',
    prepare: running('host'),
    act: async daemon => {
      await command(daemon, 'exec-container', { container: 'host', args: ['/no/such/program'] })
      await command(daemon, 'exec-container', { container: 'host', args: ['sleep', '1000'] })
      await killMonitor(daemon, 'host', 'process').catch(() => {})
      await heard(daemon, 'ExecLost')
    },
  },
  {
    name: 'stop',
    prepare: running('patient', 'sh', '-c', `trap 'exit 5' TERM; while :; do sleep 0.05; done`),
    act: daemon => command(daemon, 'stop-container', { container: 'patient', timeout: 10 }),
  },
  {
    name: 'stop by force',
    prepare: running('stubborn'),
    act: daemon => command(daemon, 'stop-container', { container: 'stubborn', timeout: 0 }),
  },
  {
    name: 'restart',
    prepare: running('again'),
    act: daemon => command(daemon, 'restart-container', { container: 'again', timeout: 0 }),
  },
  {
    name: 'signal and pause',
    prepare: running('trapping', 'sh', '-c', `trap : USR1; while :; do sleep 0.05; done`),
    act: async daemon => {
      await command(daemon, 'kill-container', { container: 'trapping', signal: 'USR1' })
      await command(daemon, 'pause-container', { container: 'trapping' })
      await command(daemon, 'unpause-container', { container: 'trapping' })
    },
  },
  {
    name: 'signal and pause that fail',
    prepare: async (daemon, images) => {
      for (const name of ['trapping', 'frozen'])
        await running(name, 'sh', '-c', `trap : USR1; while :; do sleep 0.05; done`)(daemon, images)
      await daemon.command('pause-container', { container: 'frozen' })
      for (const name of ['trapping', 'frozen']) await uncage(daemon, name)
    },
    act: async daemon => {
      await command(daemon, 'pause-container', { container: 'trapping' })
      await command(daemon, 'unpause-container', { container: 'frozen' })
      const pid = join(daemon.state, 'containers', await idOf(daemon, 'trapping'), 'pid')
      renameSync(pid, `${pid}.away`)
      await command(daemon, 'kill-container', { container: 'trapping', signal: 'USR1' })
      renameSync(`${pid}.away`, pid)
    },
    mend: daemon => {
      for (const away of globSync(join(daemon.state, 'containers/*/pid.away')))
        renameSync(away, away.replace(/\.away$/, ''))
    },
  },
  {
    name: 'lose',
    prepare: running('lost'),
    act: async daemon => {
      await killMonitor(daemon, 'lost', 'container').catch(() => {})
      await heard(daemon, 'ContainerLost')
    },
  },
  {
    name: 'rename',
    prepare: async (daemon, { busybox: image }) =>
      void (await daemon.command('create-container', { image, ...create('before') })),
    act: daemon => command(daemon, 'rename-container', { container: 'before', name: 'after' }),
  },
  {
    name: 'rename that fails',
    prepare: async (daemon, { busybox: image }) => {
      for (const name of ['one', 'two']) await daemon.command('create-container', { image, ...create(name) })
    },
    act: daemon =>
      Promise.all(
        ['one', 'two'].map(container => command(daemon, 'rename-container', { container, name: 'taken' })),
      ),
  },
  {
    name: 'remove',
    prepare: running('removed'),
    act: async daemon => {
      await command(daemon, 'remove-container', { container: 'removed', force: true })
      await heard(daemon, 'ContainerRemoved')
    },
  },
  { name: 'end of the daemon', act: daemon => daemon.stop() },
]
