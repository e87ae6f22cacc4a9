import type { Session } from 'electron'
import { readAsset } from '../page/assets.ts'
import { PAGE_HEADERS } from '../page/policy.ts'

export const ORIGIN = 'app://cloche'

/** Serves the built renderer, and nothing else, to this session. */
export function serveRenderer(session: Session, assets: string): void {
  session.protocol.handle('app', async (request) => {
    const url = new URL(request.url)
    const asset = url.host === 'cloche' ? await readAsset(assets, url.pathname) : null
    if (!asset) return new Response('There is no such page.', { status: 404 })
    return new Response(asset.bytes, {
      headers: { ...PAGE_HEADERS, 'content-type': asset.type },
    })
  })
}
