import type { Container, Image, List } from './client/answers.ts'
import { daemonFor } from './client/daemon.ts'
import { nameParts } from './output/image-row.ts'

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
