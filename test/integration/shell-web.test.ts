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

async function signIn(): Promise<string> {
  const answer = await send('/redeem', { method: 'POST', body: token() })
  expect(answer.status).toBe(204)
  const cookie = answer.headers['set-cookie']?.[0] ?? ''
  expect(cookie).toMatch(/HttpOnly; SameSite=Strict/)
  return cookie.split(';')[0]!
}

function openSocket(headers: Record<string, string>): Promise<'open' | number> {
  return new Promise((done) => {
    const socket = new WebSocket(`ws://127.0.0.1:${shell.port}/ws`, { headers })
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
    expect((await send('/redeem', { method: 'POST', body: once })).status).toBe(204)
    expect((await send('/redeem', { method: 'POST', body: once })).status).toBe(403)
    expect((await send('/redeem', { method: 'POST', body: 'guess' })).status).toBe(403)
  })

  test('without the cookie there is nothing; with it there is the page and its policy', async () => {
    expect((await send('/')).status).toBe(403)
    const cookie = await signIn()
    const page = await send('/', { headers: { cookie } })
    expect(page).toMatchObject({ status: 200, body: '<p>the page</p>' })
    expect(page.headers['content-security-policy']).toContain("default-src 'none'")
    expect(page.headers['x-content-type-options']).toBe('nosniff')
    expect((await send('/', { headers: { cookie: `${cookie}x` } })).status).toBe(403)
  })

  test('another name for this machine is refused, so a foreign page cannot rebind to it', async () => {
    const cookie = await signIn()
    for (const host of ['evil.test', `evil.test:${shell.port}`, '127.0.0.1', '127.0.0.1:1'])
      expect((await send('/', { headers: { cookie, host } })).status).toBe(403)
    const ours = { cookie, host: `localhost:${shell.port}` }
    expect((await send('/', { headers: ours })).status).toBe(200)
  })

  test('a WebSocket needs the cookie, our Origin and our Host', async () => {
    const cookie = await signIn()
    expect(await openSocket({ cookie, origin: origin() })).toBe('open')
    expect(await openSocket({ cookie })).toBe(403)
    expect(await openSocket({ cookie, origin: 'http://evil.test' })).toBe(403)
    expect(await openSocket({ cookie, origin: 'null' })).toBe(403)
    expect(await openSocket({ origin: origin() })).toBe(403)
    expect(await openSocket({ cookie, origin: origin(), host: 'evil.test' })).toBe(403)
    expect(accepted).toHaveLength(1)
  })

  test('a frame past the limit closes the connection', async () => {
    const cookie = await signIn()
    const socket = new WebSocket(`ws://127.0.0.1:${shell.port}/ws`, {
      headers: { cookie, origin: origin() },
    })
    const closed = new Promise<number>((done) => socket.on('close', done))
    socket.on('error', () => undefined)
    await new Promise((done) => socket.on('open', done))
    socket.send(Buffer.alloc(LIMITS.frameBytes + 1))
    expect(await closed).toBe(1009)
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
    const cookie = await signIn()
    const answer = await send(path, { headers: { cookie } })
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
    expect((await send('/redeem', { method: 'POST', body: fresh })).status).toBe(204)
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
