import type { Container, Image, List, RecordedEvent } from './client/answers.ts'
import { daemonFor } from './client/daemon.ts'
import { nameParts } from './output/image-name.ts'

/** What the shell may complete is asked of the daemon; without one there is nothing to propose. */
const asking = async <Item>(
  path: string,
  names: (item: Item) => ReadonlyArray<string>,
): Promise<ReadonlyArray<string>> => {
  try {
    const daemon = daemonFor({ host: undefined, env: process.env })
    const { items } = await daemon.get<List<Item>>(path)
    daemon.close()
    return items.flatMap(names)
  } catch {
    return []
  }
}

/** Names of containers, of removed ones too. */
export const containerNames = () =>
  asking<Container>('/v1/containers?all=true&removed=true', ({ name }) => [name])

export const liveContainerNames = () => asking<Container>('/v1/containers?all=true', ({ name }) => [name])

export const imageNames = () =>
  asking<Image>('/v1/images', ({ name }) => {
    const { repository, tag } = nameParts(name)
    return tag === null ? [name] : [`${repository}:${tag}`]
  })

export const objectNames = async () => [...(await containerNames()), ...(await imageNames())]

/** Words that stand for a moment. Positions are too many to propose. */
export const moments = async () => ['now', 'yesterday', 'boot', 'boot-1', '10m', '1h', '1d']

/** `type=` is completed with the types of what was recorded lately, `container=` with names. */
export const eventFilters = async (partial: string): Promise<ReadonlyArray<string>> => {
  const [key = ''] = partial.split('=')
  if (!partial.includes('=')) return ['type=', 'container=', 'image=', 'actor=', 'category=', 'correlation=']
  const values =
    key === 'type'
      ? [
          ...new Set(
            await asking<RecordedEvent>('/v1/events?order=backwards&limit=500', ({ type }) => [type]),
          ),
        ]
      : key === 'container'
        ? await containerNames()
        : key === 'image'
          ? await imageNames()
          : []
  return values.map(value => `${key}=${value}`)
}
