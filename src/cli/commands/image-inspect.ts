import { command, flag, many, text } from '../command.ts'
import { imageNames, moments } from '../completion-sources.ts'
import { inspect } from './inspecting.ts'
import type { InspectFlags } from './inspecting.ts'

export default command<Omit<InspectFlags, 'type'>, Array<string>>({
  brief: 'all that is known of an image',
  usage: 'image inspect [FLAG…] IMAGE…',
  examples: [
    ['image inspect alpine', 'one object'],
    ["image inspect -f '{{.Config.Cmd}}' alpine", "docker's field names, or ours: {{.image.cmd}}"],
  ],
  flags: {
    format: text("json (one line), or a template of docker's", 'FORMAT'),
    json: flag('on one line'),
    at: text('as of then', 'MOMENT', moments),
  },
  aliases: { f: 'format' },
  positional: many('images', 'IMAGE', 1, imageNames),
  run: (session, flags, ...names) => inspect(session, { ...flags, type: 'image' }, names),
})
