import { signalProxy } from '../attach/signals.ts'
import { daemonFor } from '../client/daemon.ts'
import { command, many } from '../command.ts'
import { imageNames } from '../completion-sources.ts'
import type { Session } from '../io.ts'
import { containerBody } from './container-body.ts'
import { containerAliases, containerFlags } from './container-flags.ts'
import type { ContainerFlags } from './container-flags.ts'
import { withImage } from './with-image.ts'

const run = async (
  session: Session,
  flags: ContainerFlags,
  image = '',
  ...args: ReadonlyArray<string>
): Promise<number> => {
  const body = await containerBody(session, flags, image, args)
  const daemon = daemonFor(session)
  const proxy = signalProxy(session, false)
  const work = async () => {
    const { subject } = await withImage(session, daemon, flags, image, proxy, () =>
      daemon.command('create-container', body),
    )
    session.out(`${subject.id}\n`)
    return 0
  }
  const left = proxy.left.then(exitCode => {
    session.err(`left; the daemon goes on with ${image}: shiplog ps -a\n`)
    return exitCode
  })
  return Promise.race([work(), left])
}

export default command<ContainerFlags, Array<string>>({
  brief: 'make a container without starting it',
  usage: 'create [FLAG…] IMAGE [ARG…]',
  examples: [
    ['create --name web alpine sleep 60', 'prints its id; shiplog start web starts it'],
    ['create -it --name shell alpine sh', 'for shiplog start -a -i shell'],
  ],
  flags: containerFlags,
  aliases: containerAliases,
  positional: many('the image, then the command line', 'IMAGE', 1, imageNames),
  stopsAtArguments: true,
  run,
})
