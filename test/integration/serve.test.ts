import { spawn } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const ENTRY = resolve(import.meta.dirname, '../../out/main/serve.mjs')

let dataDir: string
const running: { end(): Promise<number | null> }[] = []

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'cloche-serve-'))
})
afterEach(async () => {
  for (const server of running.splice(0)) await server.end()
  await rm(dataDir, { recursive: true, force: true })
})

function serve(...args: string[]) {
  const child = spawn(process.execPath, [ENTRY, '--data-dir', dataDir, ...args])
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => {
      output += data.toString()
    })
  const exited = new Promise<number | null>((done) => child.once('exit', done))
  const server = {
    output: () => output,
    exited,
    end: () => {
      child.kill('SIGTERM')
      return exited
    },
  }
  running.push(server)
  return server
}

const LINK = /http:\/\/127\.0\.0\.1:(\d+)\/open#([\w-]{40,})/

describe('the browser shell from the command line', () => {
  test('prints a link that opens it, keeps its endpoint private, and leaves nothing behind', async () => {
    const server = serve()
    await expect.poll(server.output).toMatch(LINK)
    const [, port, token] = LINK.exec(server.output())!
    const redeemed = await fetch(`http://127.0.0.1:${port}/redeem`, {
      method: 'POST',
      body: token!,
    })
    expect(redeemed.status).toBe(200)
    const endpoint = join(dataDir, 'endpoint.json')
    expect((await stat(endpoint)).mode & 0o777).toBe(0o600)
    expect(await server.end()).toBe(0)
    await expect(stat(endpoint)).rejects.toThrow()
    await expect(stat(join(dataDir, 'instance.lock'))).rejects.toThrow()
  })

  test('a second start gives a fresh link to the first and starts nothing', async () => {
    const first = serve()
    await expect.poll(first.output).toMatch(LINK)
    const second = serve()
    expect(await second.exited).toBe(0)
    const [, port, token] = LINK.exec(second.output())!
    expect(port).toBe(LINK.exec(first.output())![1])
    expect(token).not.toBe(LINK.exec(first.output())![2])
    const redeemed = await fetch(`http://127.0.0.1:${port}/redeem`, {
      method: 'POST',
      body: token!,
    })
    expect(redeemed.status).toBe(200)
  })

  test('a port that is taken is named, with the way out', async () => {
    const other = createServer()
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done))
    const address = other.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const server = serve('--port', String(port))
    expect(await server.exited).toBe(1)
    expect(server.output()).toContain(`port ${port} is taken`)
    expect(server.output()).toContain('--port')
    other.close()
  })

  test.each([
    [['--port', 'many'], '--port takes a number'],
    [['--no-such-option'], '--no-such-option'],
  ])('%j is refused with a sentence', async (args, words) => {
    const server = serve(...args)
    expect(await server.exited).toBe(2)
    expect(server.output()).toContain(words)
  })

  test('a data folder that cannot be used is named', async () => {
    const child = spawn(process.execPath, [ENTRY, '--data-dir', '/dev/null/cloche'])
    let words = ''
    child.stderr.on('data', (data: Buffer) => {
      words += data.toString()
    })
    expect(await new Promise((done) => child.once('exit', done))).toBe(1)
    expect(words).toMatch(/data folder .* cannot be used/)
    expect(words).toContain('--data-dir')
  })
})
