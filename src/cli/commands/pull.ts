import { daemonFor } from '../client/daemon.ts'
import { command, flag, required, text } from '../command.ts'
import { imageNames } from '../completion-sources.ts'
import type { Session } from '../io.ts'
import { familiar } from '../output/image-name.ts'
import { pulled, pullImage } from './pull-image.ts'
import { untilInterrupted } from './until-interrupted.ts'

type PullFlags = Readonly<{ quiet?: boolean; platform?: string }>

const run = (session: Session, flags: PullFlags, reference: string): Promise<number> =>
  untilInterrupted(
    session,
    `the daemon goes on fetching ${reference}; see: shiplog history ${reference}`,
    async () => {
      const operation = await pullImage(session, daemonFor(session), reference, flags)
      const { name, digest } = pulled(operation, reference)
      session.out(`${name}\n`)
      if (flags.quiet !== true && digest !== null) session.err(`${familiar(name)} is ${digest}\n`)
      return 0
    },
  )

export default command<PullFlags, [string]>({
  brief: 'fetch an image from its registry',
  usage: 'pull [FLAG…] REFERENCE',
  examples: [
    ['pull alpine:3.20', 'from docker.io; prints its whole name'],
    ['pull registry.example:5000/team/app@sha256:…', 'exactly that one'],
    ['pull --platform linux/arm64 alpine', 'for another machine'],
  ],
  notes: "Credentials are those of docker's config.json and its helpers. Progress goes to stderr.",
  flags: { quiet: flag('no progress'), platform: text('OS/ARCHITECTURE[/VARIANT]', 'PLATFORM') },
  aliases: { q: 'quiet' },
  positional: { kind: 'tuple', parameters: [required('what to fetch', 'REFERENCE', imageNames)] },
  run,
})
