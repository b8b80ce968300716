import { command, flag, none, text } from '../command.ts'
import { showVersion } from '../version.ts'
import type { VersionFlags } from '../version.ts'

export default command<VersionFlags, []>({
  brief: 'of client and daemon, and which socket',
  usage: 'version [FLAG…]',
  examples: [
    ['version', 'both versions, the socket, and why that one'],
    ["version --format '{{.Server.Version}}'", "only the daemon's"],
  ],
  flags: { format: text("json, or a template of docker's", 'FORMAT'), json: flag('one object') },
  aliases: { f: 'format' },
  positional: none,
  run: (session, flags) => showVersion(session, session.host, flags),
})
