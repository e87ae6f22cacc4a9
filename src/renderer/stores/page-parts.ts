import type { PageParts } from '../../shared/recording/offline-page.ts'
import { fromBase64 } from '../../shared/recording/packed-recording.ts'

/** The parts of an exported page, as they were built beside this window. Throws when they are missing. */
export async function loadPageParts(): Promise<PageParts> {
  const read = async (name: string): Promise<string> => {
    const answer = await fetch(new URL(name, document.baseURI))
    if (!answer.ok) throw new Error(`${name}: ${answer.status}`)
    return answer.text()
  }
  const [script, style] = await Promise.all([read('offline.js'), read('offline.css')])
  return {
    ...{ script, style, squeeze },
    sha256: async (bytes) =>
      new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes))),
  }
}

export const squeeze = (bytes: Uint8Array): Promise<Uint8Array> =>
  through(Uint8Array.from(bytes), new CompressionStream('gzip'))

/** What is in a block of a page. Rejects for what is no such block. */
export const openBlock = (data: string): Promise<Uint8Array> =>
  through(fromBase64(data), new DecompressionStream('gzip'))

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  transform: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  return new Uint8Array(
    await new Response(new Blob([bytes]).stream().pipeThrough(transform)).arrayBuffer(),
  )
}
