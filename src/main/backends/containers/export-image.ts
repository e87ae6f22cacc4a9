import type Docker from 'dockerode'
import { removeContainer } from './owner.ts'
import { showImage } from './show-image.ts'

/**
 * Gives the files of an image as a tar to `take`, through a container that is never started and is removed
 * whatever happens. Rejects with the engine's words, or those of `take`.
 */
export async function exportImage(
  client: Docker,
  id: string,
  take: (files: NodeJS.ReadableStream) => Promise<void>,
): Promise<void> {
  const shown = await showImage(client, id)
  try {
    await take(await shown.export())
  } finally {
    await removeContainer(shown)
  }
}
