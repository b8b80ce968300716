import { command, flag, many } from '../command.ts'
import { imageNames } from '../completion-sources.ts'
import { forEach } from './each.ts'

export default command<Readonly<{ force?: boolean }>, Array<string>>({
  brief: 'remove images',
  usage: 'rmi [FLAG…] IMAGE…',
  examples: [
    ['rmi alpine:3.20', 'its name, and what nothing else needs'],
    ['rmi -f alpine:3.20', 'even if containers were made from it'],
  ],
  flags: { force: flag('even if it is in use') },
  aliases: { f: 'force' },
  positional: many('images', 'IMAGE', 1, imageNames),
  run: (session, { force }, ...names) =>
    forEach(session, names, async (daemon, image) => {
      await daemon.command('remove-image', { image, ...(force === true ? { force } : {}) })
      return image
    }),
})
