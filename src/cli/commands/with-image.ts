import type { SignalProxy } from '../attach/signals.ts'
import type { Operation } from '../client/answers.ts'
import type { Daemon } from '../client/daemon.ts'
import { Refused } from '../failure.ts'
import type { Session } from '../io.ts'
import type { ContainerFlags } from './container-flags.ts'

/**
 * Does what needs an image. `missing`, which is how it is by default, asks for the image only when the engine says
 * that it is not there: so what has its image takes one request and no more.
 */
export const withImage = async (
  session: Session,
  daemon: Daemon,
  { pull = 'missing', platform, quiet }: ContainerFlags,
  image: string,
  proxy: Pick<SignalProxy, 'during'>,
  act: () => Promise<Operation>,
): Promise<Operation> => {
  const fetchImage = async () => {
    const { pullImage } = await import('./pull-image.ts')
    await proxy.during(() => pullImage(session, daemon, image, { platform, quiet }))
  }
  if (pull === 'always') await fetchImage()
  try {
    return await act()
  } catch (error) {
    if (pull !== 'missing' || !(error instanceof Refused) || error.problem.reason !== 'image-not-found')
      throw error
  }
  await fetchImage()
  return act()
}
