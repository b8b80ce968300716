import { execa } from 'execa'

/** Tells systemd how we are (sd_notify(3)), where it started us and asked to be told. */
export const notifySystemd = async (state: 'ready' | 'stopping'): Promise<void> => {
  if (process.env['NOTIFY_SOCKET'] === undefined) return
  // A unix datagram socket is something Node does not have; the program that comes with systemd does.
  await execa('systemd-notify', state === 'ready' ? ['--ready'] : ['STOPPING=1'])
}
