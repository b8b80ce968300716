import { processIo } from './process-io.ts'

const argv = process.argv.slice(2)
const { io, leave } = processIo()

// The commonest question of scripts, answered without a parser.
const result =
  argv.length === 1 && argv[0] === 'version'
    ? import('./version.ts').then(({ showVersion }) => showVersion(io, undefined, {}))
    : import('./dispatch.ts').then(({ run }) => run(argv, io))

result.then(leave, async (error: unknown) => {
  const { reportFault } = await import('./fault.ts')
  await leave(reportFault(error, argv, io))
})
