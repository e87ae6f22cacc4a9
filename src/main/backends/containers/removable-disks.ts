import type { Removable } from '../../../shared/domain/engine.ts'
import type { EngineChoice } from './engine-choice.ts'
import { familiar } from './images.ts'
import type { KeptDisks } from './make-image.ts'

/** An image and its disk have one digest, and are removed each by itself. */
const PREFIX = 'disk:'

export const isDisk = (id: string): boolean => id.startsWith(PREFIX)

/** Disks for machines that none has; by the names of their images where an engine still knows them. */
export async function removableDisks(
  disks: KeptDisks,
  { client }: Pick<EngineChoice, 'client'>,
): Promise<Removable[]> {
  const kept = await disks.kept()
  if (kept.length === 0) return []
  const engine = await client()
  const images = (await engine?.listImages().catch(() => [])) ?? []
  return kept.map(({ digest, sizeBytes, usedAtMs }) => {
    const image = images.find(({ Id }) => Id.replace(/^sha256:/, '') === digest)
    const tag = image?.RepoTags?.find((name) => name !== '<none>:<none>')
    return {
      ...{ kind: 'disk' as const, id: `${PREFIX}${digest}`, sizeBytes, usedAtMs },
      name: tag === undefined ? digest.slice(0, 12) : familiar(tag),
      why: image
        ? 'It is made again when a machine needs it.'
        : 'The engine that is used does not have its image.',
    }
  })
}

/** Those of `ids` that are disks and still removable; the room that is free again. Bytes. */
export async function removeDisks(disks: KeptDisks, ids: readonly string[]): Promise<number> {
  let freed = 0
  for (const { digest, sizeBytes } of await disks.kept())
    if (ids.includes(`${PREFIX}${digest}`) && (await disks.remove(digest))) freed += sizeBytes
  return freed
}
