import { spawn } from 'node:child_process'
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { requireCapability } from '../helpers/require-capability.ts'

const REPO = resolve(import.meta.dirname, '../..')
const isRoot = process.getuid?.() === 0
const LINK = /http:\/\/127\.0\.0\.1:(\d+)\/open#([\w-]{40,})/

let root: string
const running: { end(): Promise<number | null> }[] = []

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cloche-start-'))
})
afterEach(async () => {
  for (const started of running.splice(0)) await started.end()
  await rm(root, { recursive: true, force: true })
})

/** Runs a command in the checkout, without a terminal to ask a person on. */
function run(command: string, args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(command, args, {
    cwd: REPO,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => {
      output += data.toString()
    })
  const ended = new Promise<number | null>((done) => child.once('close', done))
  const started = {
    ended,
    output: () => output,
    end: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
  running.push(started)
  return started
}

const script = (name: string, ...args: string[]) =>
  run(process.execPath, [join('scripts', `${name}.mjs`), ...args])

describe('the command line', () => {
  test.each(['start', 'serve', 'doctor', 'test'])('%s explains itself', async (name) => {
    const { ended, output } = script(name, '--help')
    expect(await ended).toBe(0)
    expect(output()).toContain('--help')
  })

  test.each([
    ['start', '--no-such-option'],
    ['serve', '--no-such-option'],
    ['doctor', '--no-such-option'],
    ['test', '--no-such-option'],
    ['test', '--only=nothing'],
  ])('%s %s is refused with a sentence', async (name, option) => {
    const { ended, output } = script(name, option)
    expect(await ended).toBe(2)
    expect(output()).toContain(option.replace('--only=', ''))
  })
})

describe('npm start', () => {
  const start = () => script('start', '--browser', '--no-open', '--data-dir', root)

  test('says why it opens a browser, prints a link that works, and ends without a trace', async () => {
    const { end, output } = start()
    await expect.poll(output).toMatch(LINK)
    expect(output()).toContain('because you asked for a browser')
    const [, port, token] = LINK.exec(output())!
    const redeem = { method: 'POST', body: token! }
    expect((await fetch(`http://127.0.0.1:${port}/redeem`, redeem)).status).toBe(200)
    expect(await end()).toBe(0)
    await expect(stat(join(root, 'endpoint.json'))).rejects.toThrow('ENOENT')
    await expect(stat(join(root, 'instance.lock'))).rejects.toThrow('ENOENT')
  })

  test('prepares nothing a second time', async () => {
    for (const isSecond of [false, true]) {
      const { end, output } = start()
      await expect.poll(output).toMatch(LINK)
      if (isSecond) expect(output()).not.toMatch(/installing|building/)
      await end()
    }
  })
})

describe('what a machine lacks is named', () => {
  const opens = async (env: Record<string, string>) => {
    const { ended, output } = run(process.execPath, ['scripts/doctor.mjs'], env)
    expect(await ended).toBe(0)
    return /^Opens\s+(.*)$/m.exec(output())?.[1]
  }

  test('a display', async () => {
    const words = await opens({ DISPLAY: '', WAYLAND_DISPLAY: '' })
    expect(words).toBe('a browser, because there is no display')
  })

  test('what Electron’s own sandbox needs', async () => {
    // Stands for a system that refuses user namespaces; a folder without a helper for Electron.
    await writeFile(join(root, 'unshare'), '#!/bin/sh\nexit 1\n')
    await chmod(join(root, 'unshare'), 0o755)
    const env = { DISPLAY: ':7', ELECTRON_OVERRIDE_DIST_PATH: root }
    const refused = await opens({ ...env, PATH: `${root}:${process.env.PATH}` })
    expect(refused).toContain(isRoot ? 'you are root' : 'refuses user namespaces')
    if (!isRoot) expect(await opens(env)).toMatch(/^Electron/)
  })

  const needing = requireCapability('namespaces')
  /** Runs a script as an ordinary user in a mount namespace that hides bubblewrap. */
  const withoutBubblewrap = (...words: string[]) =>
    run('unshare', [
      ...['--user', '--map-root-user', '--mount', 'sh', '-c'],
      'mount --bind /dev/null "$(command -v bwrap)" && exec "$@"',
      ...['sh', 'unshare', '--user', '--map-user=1000', '--map-group=1000'],
      ...[process.execPath, ...words],
    ])

  needing('bubblewrap, with the command that installs it', async () => {
    const { ended, output } = withoutBubblewrap('scripts/doctor.mjs')
    expect(await ended).toBe(0)
    expect(output()).toMatch(/bwrap missing; install with: sudo \S+ .*bubblewrap/)
  })

  needing('bubblewrap, and nothing is installed unasked', async () => {
    const { output } = withoutBubblewrap(
      ...['scripts/start.mjs', '--browser', '--no-open', '--data-dir', root],
    )
    await expect.poll(output).toMatch(LINK)
    expect(output()).toContain('bwrap is missing: bubblewrap builds the sandbox.')
    expect(output()).toMatch(/install the missing parts with: sudo \S+ .*bubblewrap/)
  })
})
