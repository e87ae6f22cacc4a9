import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'vite'
import { readAsset } from '../../src/main/page/assets.ts'
import { PAGE_HEADERS } from '../../src/main/page/policy.ts'

/** Builds the harness into a folder of its own and serves it as both shells do. From the root. */
export async function serveHarness(): Promise<{ url: string; close(): Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), 'cloche-visual-'))
  await build({
    configFile: resolve('test/visual/vite.config.ts'),
    cacheDir: join(root, 'cache'),
    build: { outDir: root, emptyOutDir: false },
  })
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const asset = await readAsset(root, (request.url ?? '/').split('?', 1)[0] ?? '/')
    if (asset)
      response.writeHead(200, { ...PAGE_HEADERS, 'content-type': asset.type }).end(asset.bytes)
    else response.writeHead(404).end()
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    close: async () => {
      await new Promise<void>((done) => server.close(() => done()))
      await rm(root, { recursive: true, force: true })
    },
  }
}
