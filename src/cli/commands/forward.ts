import type { Daemon } from '../client/daemon.ts'

/** Signals to a container. What has ended meanwhile needs none any more. */
export const forwardTo =
  (daemon: Daemon, container: string) =>
  (signal: NodeJS.Signals): void => {
    const own = daemon.another()
    own
      .command('kill-container', { container, signal })
      .catch(() => {})
      .finally(own.close)
  }
