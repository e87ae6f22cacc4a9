import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startWebShell, type WebShell } from '../../src/main/shell-web/server.ts'
import { LIMITS } from '../../src/shared/rpc/frames.ts'
import type { Transport } from '../../src/shared/rpc/transport.ts'

const SECRET = 'a-secret-that-only-the-endpoint-file-holds'
let root: string
let shell: WebShell
let accepted: Transport[]

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cloche-web-'))
  await mkdir(join(root, 'renderer'))
  await writeFile(join(root, 'renderer', 'index.html'), '<p>the page</p>')
  await writeFile(join(root, 'outside.js'), 'not for the page')
  accepted = []
  const started = await startWebShell({
    assets: join(root, 'renderer'),
    port: 0,
    linkSecret: SECRET,
    accept: (transport) => accepted.push(transport),
  })
  if (!started.ok) throw new Error(started.error.type)
  shell = started.value
})
afterEach(async () => {
  await shell.close()
  await rm(root, { recursive: true })
})

interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: Record<string, string | string[] | undefined>
}

/** Sends exactly these headers; `fetch` would set its own Host. */
function send(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((done, fail) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: shell.port,
        path,
        method: options.method ?? 'GET',
        headers: options.headers,
      },
      (response) => {
        let body = ''
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString()
        })
        response.on('end', () =>
          done({ status: response.statusCode ?? 0, body, headers: response.headers }),
        )
      },
    )
    sent.on('error', fail)
    sent.end(options.body)
  })
}

const token = () => shell.link().split('#')[1]!
const origin = () => `http://127.0.0.1:${shell.port}`

interface Visitor {
  readonly cookie: string
  /** Path of the page, ending in a slash. */
  readonly home: string
}

async function signIn(): Promise<Visitor> {
  const answer = await send('/redeem', { method: 'POST', body: token() })
  expect(answer.status).toBe(200)
  const home = answer.body
  expect(home).toMatch(/^\/[0-9a-f]{32}\/$/)
  const [pair, ...rest] = (answer.headers['set-cookie']?.[0] ?? '').split('; ')
  expect(rest).toEqual(['HttpOnly', 'SameSite=Strict', `Path=${home}`])
  return { cookie: pair!, home }
}

function openSocket(path: string, headers: Record<string, string>): Promise<'open' | number> {
  return new Promise((done) => {
    const socket = new WebSocket(`ws://127.0.0.1:${shell.port}${path}`, { headers })
    socket.on('open', () => {
      done('open')
      socket.close()
    })
    socket.on('unexpected-response', (_, response) => done(response.statusCode ?? 0))
    socket.on('error', () => undefined)
  })
}

describe('the door of the browser shell', () => {
  test('a one-time link opens it once', async () => {
    const once = token()
    expect((await send('/redeem', { method: 'POST', body: once })).status).toBe(200)
    expect((await send('/redeem', { method: 'POST', body: once })).status).toBe(403)
    expect((await send('/redeem', { method: 'POST', body: 'guess' })).status).toBe(403)
  })

  test('without the cookie there is nothing; with it there is the page and its policy', async () => {
    const { cookie, home } = await signIn()
    expect((await send(home)).status).toBe(403)
    expect((await send('/', { headers: { cookie } })).status).toBe(403)
    const page = await send(home, { headers: { cookie } })
    expect(page).toMatchObject({ status: 200, body: '<p>the page</p>' })
    expect(page.headers['content-security-policy']).toContain("default-src 'none'")
    expect(page.headers['x-content-type-options']).toBe('nosniff')
    expect((await send(home, { headers: { cookie: `${cookie}x` } })).status).toBe(403)
  })

  test('another name for this machine is refused, so a foreign page cannot rebind to it', async () => {
    const { cookie, home } = await signIn()
    for (const host of ['evil.test', `evil.test:${shell.port}`, '127.0.0.1', '127.0.0.1:1'])
      expect((await send(home, { headers: { cookie, host } })).status).toBe(403)
    const ours = { cookie, host: `localhost:${shell.port}` }
    expect((await send(home, { headers: ours })).status).toBe(200)
  })

  test('a WebSocket needs the cookie, our path, our Origin and our Host', async () => {
    const { cookie, home } = await signIn()
    const path = `${home}ws`
    expect(await openSocket(path, { cookie, origin: origin() })).toBe('open')
    expect(await openSocket('/ws', { cookie, origin: origin() })).toBe(403)
    expect(await openSocket(path, { cookie })).toBe(403)
    expect(await openSocket(path, { cookie, origin: 'http://evil.test' })).toBe(403)
    expect(await openSocket(path, { cookie, origin: 'null' })).toBe(403)
    expect(await openSocket(path, { origin: origin() })).toBe(403)
    expect(await openSocket(path, { cookie, origin: origin(), host: 'evil.test' })).toBe(403)
    expect(accepted).toHaveLength(1)
  })

  async function connected(): Promise<{ socket: WebSocket; closed: Promise<number> }> {
    const { cookie, home } = await signIn()
    const socket = new WebSocket(`ws://127.0.0.1:${shell.port}${home}ws`, {
      headers: { cookie, origin: origin() },
    })
    const closed = new Promise<number>((done) => socket.on('close', done))
    socket.on('error', () => undefined)
    await new Promise((done) => socket.on('open', done))
    return { socket, closed }
  }

  test('a frame past the limit closes the connection', async () => {
    const { socket, closed } = await connected()
    socket.send(Buffer.alloc(LIMITS.frameBytes + 1))
    expect(await closed).toBe(1009)
  })

  test('a viewer that takes nothing is dropped; one that reads is not', async () => {
    const stuck = await connected()
    const reading = await connected()
    const frame = new Uint8Array(LIMITS.frameBytes)
    const frames = (4 * LIMITS.hostFrameBytes) / frame.length
    stuck.socket.pause()
    const dropped = new Promise<void>((done) => accepted[0]!.onClose(done))
    let received = 0
    const all = new Promise<void>((done) => {
      reading.socket.on('message', () => {
        if (++received === frames) done()
      })
    })
    for (let n = 0; n < frames; n++) {
      accepted[0]!.send(frame)
      accepted[1]!.send(frame)
      await new Promise((done) => setTimeout(done, 2))
    }
    await Promise.all([dropped, all])
  })

  test.each([
    '/../outside.js',
    '/%2e%2e/outside.js',
    '/..%2foutside.js',
    '/%2e%2e%2foutside.js',
    '/..%5coutside.js',
    '/a/../../outside.js',
    '/outside.js%00.html',
    '//outside.js',
    '/%ff.js',
  ])('%s leads nowhere', async (path) => {
    const { cookie, home } = await signIn()
    const answer = await send(home + path.slice(1), { headers: { cookie } })
    expect(answer.body).not.toContain('not for the page')
    expect(answer.status).toBe(404)
  })

  test('a fresh link is given only for the endpoint file’s secret', async () => {
    const ask = (authorization: string) =>
      send('/link', { method: 'POST', headers: { authorization } })
    expect((await ask('guess')).status).toBe(403)
    const answer = await ask(SECRET)
    expect(answer.status).toBe(200)
    const fresh = answer.body.trim().split('#')[1]!
    expect((await send('/redeem', { method: 'POST', body: fresh })).status).toBe(200)
  })

  test('guessing shuts the door for a while, also for the right token', async () => {
    const good = token()
    for (let n = 0; n < 20; n++) await send('/redeem', { method: 'POST', body: `guess-${n}` })
    expect((await send('/redeem', { method: 'POST', body: good })).status).toBe(403)
  })

  test('a port that is taken is said, not thrown', async () => {
    const second = await startWebShell({
      assets: root,
      port: shell.port,
      linkSecret: SECRET,
      accept: () => undefined,
    })
    expect(second).toEqual({ ok: false, error: { type: 'port_taken', port: shell.port } })
  })
})
