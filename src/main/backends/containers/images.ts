import type Docker from 'dockerode'
import type { EngineImage } from '../../../shared/domain/engine.ts'
import { MACHINE_IMAGE } from './machine-image.ts'

/** Images that sessions use under each of their names, the newest first. Rejects with the engine's words. */
export async function listImages(client: Docker): Promise<EngineImage[]> {
  const images = await client.listImages()
  return images
    .filter(({ RepoTags }) => !RepoTags?.some((tag) => tag.includes(`${MACHINE_IMAGE}-`)))
    .flatMap(({ Id, RepoTags, Size, Created }) => {
      const tags = (RepoTags ?? []).filter((tag) => tag !== '<none>:<none>').map(familiar)
      const facts = { sizeBytes: Size, createdAtMs: Created * 1000 }
      return (tags.length > 0 ? tags : [Id]).map((name) => ({ name, ...facts }))
    })
    .sort((a, b) => b.createdAtMs - a.createdAtMs)
}

/** As people write it: Podman puts what Docker leaves out before each name. */
export const familiar = (tag: string): string => tag.replace(/^docker\.io\/(library\/)?/, '')
