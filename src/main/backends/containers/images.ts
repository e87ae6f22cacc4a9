import type { EngineImage } from '../../../shared/domain/sandbox.ts'
import { connectEngine, findEngine } from './engines.ts'
import { MACHINE_IMAGE } from './machine-image.ts'

/** Images of the engine that sessions use, the newest first; none where no engine answers. */
export async function listImages(
  env: Readonly<Record<string, string | undefined>>,
): Promise<EngineImage[]> {
  const engine = await findEngine(env)
  if (!engine) return []
  const images = await connectEngine(engine.socket).listImages()
  return images
    .filter(({ RepoTags }) => !RepoTags?.some((tag) => tag.includes(`${MACHINE_IMAGE}-`)))
    .map(({ Id, RepoTags, Size, Created }) => ({
      name: RepoTags?.find((tag) => tag !== '<none>:<none>') ?? Id,
      sizeBytes: Size,
      createdAtMs: Created * 1000,
    }))
    .sort((a, b) => b.createdAtMs - a.createdAtMs)
}
