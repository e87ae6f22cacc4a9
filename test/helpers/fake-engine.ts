import { createServer } from 'node:http'
import { join } from 'node:path'
import { connectEngine } from '../../src/main/backends/containers/engines.ts'
import { temporaryFolder } from './recording.ts'

/** One image of an engine, and what the engine says of it. */
export interface FakeImage {
  readonly id: string
  readonly architecture?: string
  readonly env?: readonly string[]
  /** Paths of files that it has. */
  readonly has?: readonly string[]
  /** Its files as a tar. */
  readonly archive?: Uint8Array
  /** The engine ends in the middle of it. */
  readonly breaksOff?: boolean
}

/** The part of an engine's API that looking into an image takes, without an engine. */
export async function startFakeEngine(images: Readonly<Record<string, FakeImage>>) {
  const folder = await temporaryFolder()
  const socket = join(folder.path, 'engine.sock')
  const containers = new Map<string, FakeImage>()
  const asked: string[] = []
  let count = 0
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://engine')
    const [, kind, name = '', what] = url.pathname.split('/')
    asked.push(`${request.method} ${url.pathname}`)
    const say = (status: number, body: object = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    const image = images[decodeURIComponent(name)]
    const container = containers.get(name)
    if (kind === 'images' && image)
      return say(200, {
        ...{ Id: image.id, Architecture: image.architecture ?? 'amd64' },
        ...{ Size: image.archive?.length ?? 0, Config: { Env: image.env ?? null } },
      })
    if (kind === 'containers' && name === 'create') {
      let body = ''
      request.on('data', (part) => (body += String(part)))
      request.on('end', () => {
        const wanted = Object.values(images).find(({ id }) => body.includes(`"${id}"`))
        if (!wanted) return say(404, { message: 'no such image' })
        containers.set(`c${++count}`, wanted)
        say(201, { Id: `c${count}` })
      })
      return
    }
    if (!container) return say(404, { message: 'not here' })
    if (request.method === 'DELETE') {
      containers.delete(name)
      return void response.writeHead(204).end()
    }
    if (what === 'archive') {
      const isThere = container.has?.includes(url.searchParams.get('path') ?? '') ?? false
      return void response.writeHead(isThere ? 200 : 404).end()
    }
    response.writeHead(200, { 'content-type': 'application/x-tar' })
    if (!container.breaksOff) return void response.end(container.archive)
    response.write(container.archive, () => setTimeout(() => response.destroy(), 20))
  })
  await new Promise<void>((done) => server.listen(socket, done))
  return {
    client: connectEngine(socket),
    /** Containers that were made and not removed. */
    left: () => containers.size,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}
