import { busyboxImage, pushImage } from './image.ts'
import { startDockerRegistry } from './docker-registry.ts'

/** busybox in a registry of the test's own: the name to pull it by. */
export const busyboxAt = async () => {
  const registry = await startDockerRegistry()
  await pushImage(registry.url, 'library/busybox', '1.35', await busyboxImage())
  return {
    registry,
    name: `${registry.url.replace('http://', '')}/library/busybox:1.35`,
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  }
}
