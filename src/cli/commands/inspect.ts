import { choice, command, flag, many, text } from '../command.ts'
import { moments, objectNames } from '../completion-sources.ts'
import { inspect } from './inspecting.ts'
import type { InspectFlags } from './inspecting.ts'

export default command<InspectFlags, Array<string>>({
  brief: 'all that is known of a container or image',
  usage: 'inspect [FLAG…] NAME…',
  examples: [
    ['inspect web', 'one object'],
    ["inspect -f '{{.State.ExitCode}}' web", "docker's field names, or ours: {{.exit.exitCode}}"],
    ['inspect --at boot web', 'as it was when the daemon started'],
    ['inspect --type image web', 'the image, where both have the name'],
  ],
  flags: {
    format: text("json (one line), or a template of docker's", 'FORMAT'),
    json: flag('on one line'),
    type: choice('only of that kind', ['container', 'image']),
    at: text('as of then', 'MOMENT', moments),
  },
  aliases: { f: 'format' },
  positional: many('containers or images, removed containers too', 'NAME', 1, objectNames),
  run: (session, flags, ...names) => inspect(session, flags, names),
})
