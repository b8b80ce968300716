import { timeOf } from '../client/as-of.ts'
import type { Image, List } from '../client/answers.ts'
import { daemonFor } from '../client/daemon.ts'
import { command, flag, optional, text, texts } from '../command.ts'
import { imageNames, moments } from '../completion-sources.ts'
import type { Session } from '../io.ts'
import { parseFilters } from '../output/filters.ts'
import { imageHeaders, imageRow } from '../output/image-row.ts'
import { formatOf, printList } from '../output/list.ts'
import type { ListFlags } from '../output/list.ts'
import { shortId } from '../output/table.ts'
import { imageFilterKeys, isNamed, selectImages } from './image-filters.ts'

type ImagesFlags = ListFlags &
  Readonly<{ all?: boolean; digests?: boolean; filter?: ReadonlyArray<string>; at?: string }>

const run = async (session: Session, flags: ImagesFlags, wanted?: string): Promise<number> => {
  const format = formatOf(flags)
  const filters = parseFilters(flags.filter, imageFilterKeys)
  const daemon = daemonFor(session)
  const { position, items } = await daemon.get<List<Image>>('/v1/images', { at: flags.at })
  const now = await timeOf(daemon, flags.at, position, session.now())
  const chosen = selectImages(items, filters)
    .filter(image => wanted === undefined || isNamed(image, wanted))
    .toSorted((a, b) => (b.created ?? '').localeCompare(a.created ?? ''))

  printList(session, format, flags.quiet === true, {
    items: chosen,
    position,
    row: image => imageRow(image, now, flags.noTrunc === true),
    id: ({ id }) => (flags.noTrunc === true ? id : shortId(id)),
    columns: [
      'Repository',
      'Tag',
      ...(flags.digests === true ? ['Digest'] : []),
      'ID',
      'CreatedSince',
      'Size',
    ],
    headers: imageHeaders,
  })
  return 0
}

export default command<ImagesFlags, [string?]>({
  brief: 'list images',
  usage: 'images [FLAG…] [NAME]',
  examples: [
    ['images', 'all of them'],
    ['images alpine', 'those of one name'],
    ['images --at yesterday', 'as it was then'],
    ['images --json', 'objects, one a line'],
  ],
  notes: `Filters: ${imageFilterKeys.join(', ')}. Sizes are what an image takes unpacked.`,
  flags: {
    all: flag('as docker has it; there are no hidden ones'),
    digests: flag('with digests'),
    filter: texts('only what matches', 'KEY=VALUE'),
    at: text('as of then', 'MOMENT', moments),
    format: text("json, or a template of docker's", 'FORMAT'),
    json: flag('objects, one a line'),
    quiet: flag('only ids'),
    noTrunc: flag('whole ids'),
  },
  aliases: { a: 'all', f: 'filter', q: 'quiet' },
  positional: { kind: 'tuple', parameters: [optional('a name, with or without tag', 'NAME', imageNames)] },
  run,
})
