import type { Failure } from '../../domain/kernel/failure.ts'

/** What somebody may try whose pull of `name` (in full) failed; null where there is nothing but to read what was said. */
export const adviceOnPull = ({ problem }: Failure, name: string): string | null => {
  const [domain = ''] = name.split('/')
  switch (problem) {
    case 'image-not-found':
      return 'check the name and the tag'
    case 'registry-unauthorized':
      return `check the name, then docker login${domain === 'docker.io' ? '' : ` ${domain}`} and shiplog pull ${name}`
    case 'registry-unreachable':
      return `check the network, then shiplog pull ${name}; a registry without TLS has to be in insecure-registries`
    case 'platform-not-found':
      return `shiplog pull --platform OS/ARCHITECTURE ${name}, with a platform that the image is there for`
    case 'digest-mismatch':
    case 'size-mismatch':
    case 'io-error':
    case 'too-many-open-files':
      return `shiplog pull ${name}`
    case 'no-space':
      return `make room, then shiplog pull ${name}`
    default:
      return null
  }
}
