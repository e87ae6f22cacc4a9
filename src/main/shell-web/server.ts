import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { err, ok, type Result } from '../../shared/result.ts'
import { LIMITS } from '../../shared/rpc/frames.ts'
import type { Transport } from '../../shared/rpc/transport.ts'
import { readAsset } from '../page/assets.ts'
import { PAGE_HEADERS } from '../page/policy.ts'
import { type Access, COOKIE, createAccess, isSame } from './access.ts'
import { OPEN_PAGE, OPEN_SCRIPT } from './open-page.ts'
import { socketTransport } from './socket-transport.ts'

export interface WebShellOptions {
  /** Folder of the built renderer. */
  readonly assets: string
  /** 0: any free port. */
  readonly port: number
  /** Lets another start of Cloche on this machine ask for a fresh link. */
  readonly linkSecret: string
  readonly accept: (transport: Transport) => void
}

export interface WebShell {
  readonly port: number
  /** A fresh one-time link. */
  link(): string
  close(): Promise<void>
}

export type ListenError = { readonly type: 'port_taken' | 'port_refused'; readonly port: number }

const LOOPBACK = '127.0.0.1'
const MAX_BODY = 1024

/** The loopback server of the browser shell. Only 127.0.0.1 is ever bound. */
export async function startWebShell(
  options: WebShellOptions,
): Promise<Result<WebShell, ListenError>> {
  let port = options.port
  const origins = (): string[] => [`http://${LOOPBACK}:${port}`, `http://localhost:${port}`]
  const access = createAccess(origins, Date.now)
  // Cookies know no ports: a browser that holds ours would send it to every server on this
  // address. It is bound to a path that nobody else's pages can be below.
  const home = `/${randomBytes(16).toString('hex')}/`
  const link = (): string => `http://${LOOPBACK}:${port}/open#${access.issue()}`
  const server = createServer((request, response) => {
    answer(request, response, { ...options, access, home, link }).catch(() => response.destroy())
  })
  const sockets = new WebSocketServer({ noServer: true, maxPayload: LIMITS.frameBytes })
  server.on('upgrade', (request, socket, head) => {
    const isAllowed =
      request.url === `${home}ws` &&
      // Browsers always send an Origin with a WebSocket; whoever does not is not our page.
      request.headers.origin !== undefined &&
      access.isOurs(request.headers) &&
      access.isKnown(request.headers.cookie)
    if (!isAllowed) return socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n')
    sockets.handleUpgrade(request, socket, head, (client) =>
      options.accept(socketTransport(client)),
    )
  })
  const listening = await listen(server, options.port)
  if (!listening.ok) return listening
  port = listening.value
  return ok({
    port,
    link,
    close: async () => {
      for (const client of sockets.clients) client.terminate()
      server.closeAllConnections()
      await new Promise<void>((done) => server.close(() => done()))
    },
  })
}

function listen(server: Server, port: number): Promise<Result<number, ListenError>> {
  return new Promise((resolve) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      resolve(err({ type: cause.code === 'EADDRINUSE' ? 'port_taken' : 'port_refused', port })),
    )
    server.listen(port, LOOPBACK, () => resolve(ok((server.address() as AddressInfo).port)))
  })
}

interface Door extends WebShellOptions {
  readonly access: Access
  /** Path of the page and everything it loads, with a slash at both ends. */
  readonly home: string
  readonly link: () => string
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  door: Door,
): Promise<void> {
  const say = (status: number, type: string, body: string | Uint8Array, more = {}): void => {
    response.writeHead(status, {
      ...PAGE_HEADERS,
      'content-type': type,
      'cache-control': 'no-store',
      ...more,
    })
    response.end(request.method === 'HEAD' ? undefined : body)
  }
  const text = (status: number, body: string): void =>
    say(status, 'text/plain; charset=utf-8', `${body}\n`)

  if (!door.access.isOurs(request.headers)) return text(403, 'This is not the address of Cloche.')
  const [path = '/'] = (request.url ?? '/').split(/[?#]/, 1)
  if (request.method === 'POST') {
    const body = await readBody(request)
    if (path === '/redeem') {
      const cookie = body === null ? null : door.access.redeem(body)
      if (cookie === null) return text(403, 'This link was used already or is too old.')
      return say(200, 'text/plain; charset=utf-8', door.home, {
        'set-cookie': `${COOKIE}=${cookie}; HttpOnly; SameSite=Strict; Path=${door.home}`,
      })
    }
    if (path === '/link' && isSame(request.headers.authorization ?? '', door.linkSecret))
      return text(200, door.link())
    return text(403, 'Not allowed.')
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return text(405, 'Not allowed.')
  if (path === '/open') return say(200, 'text/html; charset=utf-8', OPEN_PAGE)
  if (path === '/open.js') return say(200, 'text/javascript; charset=utf-8', OPEN_SCRIPT)
  if (!path.startsWith(door.home) || !door.access.isKnown(request.headers.cookie))
    return text(403, 'Cloche opens with a one-time link. Run npm run serve again to get one.')
  const asset = await readAsset(door.assets, path.slice(door.home.length - 1))
  if (!asset) return text(404, 'There is no such page.')
  return say(200, asset.type, asset.bytes)
}

/** null: longer than any token. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  let body = ''
  for await (const chunk of request) {
    body += String(chunk)
    if (body.length > MAX_BODY) return null
  }
  return body
}
