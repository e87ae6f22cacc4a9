import type Docker from 'dockerode'
import type { Removable } from '../../../shared/domain/engine.ts'
import { familiar } from './images.ts'
import { LABEL } from './labels.ts'
import { MACHINE_IMAGE } from './machine-image.ts'
import { listOwn } from './own-containers.ts'
import { removeContainer } from './owner.ts'

/** Containers whose host is gone, and images of ours that no container uses. */
export async function listRemovable(client: Docker): Promise<Removable[]> {
  const [own, all, images] = await Promise.all([
    listOwn(client),
    client.listContainers({ all: true, size: true }),
    client.listImages(),
  ])
  const sizes = new Map(all.map((each) => [each.Id, sizeOf(each)]))
  const left = new Set(own.filter(({ isLeft }) => isLeft).map(({ id }) => id))
  const inUse = new Set(all.filter(({ Id }) => !left.has(Id)).map(({ ImageID }) => ImageID))
  return [
    ...own
      .filter(({ isLeft }) => isLeft)
      .map(({ id, name }) => ({
        ...{ kind: 'container' as const, id, name, sizeBytes: sizes.get(id) ?? 0 },
        usedAtMs: null,
        why: 'The host that made it is gone.',
      })),
    ...images.flatMap(({ Id, RepoTags, Labels, Size }) => {
      const name = familiar(RepoTags?.find((tag) => tag !== '<none>:<none>') ?? Id)
      const kind = name.includes(`${MACHINE_IMAGE}-`) ? 'machine' : Labels?.[LABEL.kind]
      const why = kind === undefined ? undefined : WHY[kind]
      if (why === undefined || inUse.has(Id)) return []
      return [{ kind: 'image' as const, id: Id, name, sizeBytes: Size, usedAtMs: null, why }]
    }),
  ]
}

/** By the label of the image. */
const WHY: Readonly<Record<string, string>> = {
  machine: 'It is made again when a session needs it.',
  agents: 'It was built here; it can be built again.',
  parts: 'What machines start with was made in it; that is kept elsewhere.',
  'set-up': 'The create commands of a dev container made it; they can run again.',
  workspace: 'It was built here from a Dockerfile of yours.',
}

/** How much of the disk is its own; the client's types do not know of it. */
function sizeOf(container: object): number {
  const size = 'SizeRw' in container ? container.SizeRw : 0
  return typeof size === 'number' ? size : 0
}

/** Removes those that still are removable; answers with the room that is free again. Bytes. */
export async function removeOwn(client: Docker, ids: readonly string[]): Promise<number> {
  let freed = 0
  for (const { kind, id, name, sizeBytes } of await listRemovable(client)) {
    if (!ids.includes(id)) continue
    if (kind === 'container') await removeContainer(client.getContainer(id))
    // By its name: where a person gave it another, only this one goes.
    else await client.getImage(name).remove()
    freed += sizeBytes
  }
  return freed
}
