import { inputsOf, normalise } from './arguments.ts'
import type { Normalised } from './arguments.ts'
import { catalogue, families } from './catalogue.ts'
import { flag, text } from './command.ts'
import type { AnyCommand } from './command.ts'
import { complain } from './complain.ts'
import { UsageError } from './failure.ts'
import type { Io, Session } from './io.ts'
import { hasColour, painter } from './output/colour.ts'
import { readQuickly } from './quick-reading.ts'
import type { Parsed } from './quick-reading.ts'

/** What every command takes, before its name as well as after it. */
const commonFlags = {
  host: text('the daemon to ask, over SHIPLOG_HOST', 'HOST'),
  noColor: flag('never any colour'),
}

type Common = Readonly<{ host?: string; noColor?: boolean }>

/** Runs one command line and answers its exit code. Everything that goes wrong ends here, as text on stderr. */
export const run = async (argv: ReadonlyArray<string>, io: Io): Promise<number> => {
  const { leading, name, rest } = head(argv)
  try {
    if (name === undefined || name === 'help' || name === '--help' || name === '-h')
      return await help(io, rest, leading)
    if (name === '--version' || name === '-v') return await runCommand('version', leading, io)
    if (name === '__complete') {
      const { complete } = await import('./completion.ts')
      return await complete(io, rest)
    }
    // Words that every object knows are no commands.
    if (!Object.hasOwn(catalogue, name)) {
      if (name.startsWith('-'))
        throw new UsageError(`there is no flag ${name} before a command`, 'shiplog --help')
      const { unknownCommand } = await import('./parser.ts')
      throw await unknownCommand(name)
    }
    const members = families[name]
    if (members !== undefined) return await runInFamily(name, members, [...leading, ...rest], io)
    return await runCommand(name, [...leading, ...rest], io)
  } catch (error) {
    return complain(error, io, leading.includes('--no-color'))
  }
}

const runCommand = async (name: string, argv: ReadonlyArray<string>, io: Io): Promise<number> => {
  const spec = withCommonFlags(await (catalogue[name] as (typeof catalogue)[string]).load())
  const normalised = normalise(argv, spec)
  if (normalised.asksForHelp) {
    const { commandHelp } = await import('./help.ts')
    io.out(commandHelp(spec, painter(hasColour(io, argv.includes('--no-color'), 'stdout'))))
    return 0
  }
  const parsed = readQuickly(spec, normalised) ?? (await readCarefully(spec, name, normalised))
  const { host, noColor = false } = parsed.flags as Common
  const session: Session = { ...io, host, hasColour: stream => hasColour(io, noColor, stream) }
  return await spec.run(session, parsed.flags, ...parsed.args)
}

const readCarefully = async (spec: AnyCommand, name: string, normalised: Normalised): Promise<Parsed> => {
  const { parse } = await import('./parser.ts')
  return parse(spec, name, inputsOf(normalised))
}

/** `image ls` is `images`: docker's longer names for what has a short one. */
const runInFamily = async (
  family: string,
  members: Readonly<Record<string, string>>,
  argv: ReadonlyArray<string>,
  io: Io,
): Promise<number> => {
  const at = argv.findIndex(input => !input.startsWith('-'))
  const member = at === -1 ? undefined : argv[at]
  const name = member !== undefined && Object.hasOwn(members, member) ? members[member] : undefined
  if (name === undefined) {
    const list = Object.keys(members).join(', ')
    if (member === undefined && argv.includes('--help')) {
      io.out(`shiplog ${family}: one of ${list}\n`)
      return 0
    }
    const { unknownMember } = await import('./parser.ts')
    throw await unknownMember(family, member, Object.keys(members))
  }
  return await runCommand(name, [...argv.slice(0, at), ...argv.slice(at + 1)], io)
}

const help = async (io: Io, rest: ReadonlyArray<string>, leading: ReadonlyArray<string>): Promise<number> => {
  const [topic] = rest.filter(input => !input.startsWith('-'))
  if (topic !== undefined && catalogue[topic] !== undefined) return runCommand(topic, ['--help'], io)
  const { overview } = await import('./help.ts')
  io.out(overview(painter(hasColour(io, leading.includes('--no-color'), 'stdout'))))
  return 0
}

const withCommonFlags = (spec: AnyCommand): AnyCommand => ({
  ...spec,
  flags: { ...spec.flags, ...commonFlags },
  aliases: { H: 'host', ...spec.aliases },
})

/** `shiplog --host X ps`: what stands before the command's name. */
const head = (argv: ReadonlyArray<string>) => {
  let at = 0
  while (argv[at]?.startsWith('-') === true) {
    const input = argv[at] as string
    if (input === '--host' || input === '-H') at += 2
    else if (input === '--no-color' || input.startsWith('--host=')) at += 1
    else break
  }
  return { leading: argv.slice(0, at), name: argv[at], rest: argv.slice(at + 1) }
}
