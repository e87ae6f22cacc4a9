import { type ChildProcess, fork, spawn } from 'node:child_process'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { decodeLog } from '../../src/shared/terminal-log.ts'
import {
  bundleEntry,
  isAlive,
  outputOf,
  type PtyHarness,
  recordsOf,
  removeBundles,
  sha256,
  startPtyHarness,
  until,
} from '../helpers/pty.ts'
import { fakeAgent, ROOT } from '../helpers/pty-parts.ts'

let entry: string
let parent: string
let harness: PtyHarness

beforeAll(async () => {
  entry = await bundleEntry('src/main/pty/pty-host.ts', 'pty-host')
  parent = await bundleEntry('test/fixtures/pty-parent.ts', 'pty-parent')
})
beforeEach(async () => {
  harness = await startPtyHarness(entry)
})
afterEach(() => harness.dispose())
afterAll(removeBundles)

/** Numbers and times of the stamps in a log that ended without warning; the rest must be sound. */
async function stampsOf(path: string): Promise<{ numbers: number[]; lastMs: number }> {
  const { records, damage } = decodeLog(await readFile(path))
  expect(damage).not.toBe('damaged')
  const lines = outputOf(records).toString().split('\r\n').slice(0, -1)
  const stamps = lines.map((line) => /^stamp (\d+) (\d+) x{200}$/.exec(line))
  expect(stamps.every((stamp) => stamp !== null)).toBe(true)
  return { numbers: stamps.map((s) => Number(s?.[1])), lastMs: Number(stamps.at(-1)?.[2]) }
}

describe('PTY host, when things break', () => {
  it('loses at most half a second of a flood when it is killed, and takes the program along', async () => {
    const request = harness.request(fakeAgent('--stamps', '0'))
    const spawned = await harness.ptyHost.spawn(request)
    if (!spawned.ok) throw new Error(spawned.error.detail)
    await new Promise((done) => setTimeout(done, 1500))
    const killedMs = Date.now()
    harness.children[0]?.kill('SIGKILL')
    await until('the loss is noticed', () => harness.observed.lost === 1)
    await until('the program ended', () => !isAlive(spawned.value.pid))
    const { numbers, lastMs } = await stampsOf(request.logPath)
    expect(numbers).toEqual(numbers.map((_, n) => n))
    expect(killedMs - lastMs).toBeLessThan(500)
    expect(harness.ptyHost.attach(request.terminal, silent)).toBeNull()
    // The next terminal gets a new PTY host.
    expect((await harness.ptyHost.spawn(harness.request(fakeAgent('--exit', '0')))).ok).toBe(true)
    expect(harness.children.length).toBe(2)
  })

  it('ends itself and the program at once when its parent is killed, with the log whole', async () => {
    const logPath = join(harness.folder, 'logs', 'orphan.log')
    const host = fork(parent, [entry, logPath, '--ignore-term', '--stamps', '0'], {
      env: { ...process.env, CLOCHE_TEST_ROOT: ROOT },
    })
    const pids = await new Promise<{ ptyHost: number; program: number }>((resolve) =>
      host.once('message', (message) => resolve(message as { ptyHost: number; program: number })),
    )
    expect(isAlive(pids.ptyHost) && isAlive(pids.program)).toBe(true)
    await new Promise((done) => setTimeout(done, 1500))
    const killedMs = Date.now()
    host.kill('SIGKILL')
    await until('all ended', () => !isAlive(pids.ptyHost) && !isAlive(pids.program), 5000)
    const { numbers, lastMs } = await stampsOf(logPath)
    expect(numbers).toEqual(numbers.map((_, n) => n))
    expect(killedMs - lastMs).toBeLessThan(500)
  })

  it('is given up when it no longer answers', async () => {
    await harness.dispose()
    harness = await startPtyHarness(entry, {
      heartbeat: { everyMs: 100, warnAfter: 3, giveUpAfter: 6 },
    })
    const request = harness.request(fakeAgent('--wait', '60'))
    const spawned = await harness.ptyHost.spawn(request)
    if (!spawned.ok) throw new Error(spawned.error.detail)
    await new Promise((done) => setTimeout(done, 1500))
    expect(harness.observed.lost).toBe(0)
    harness.children[0]?.kill('SIGSTOP')
    await until('it is given up', () => harness.observed.lost === 1, 5000)
    await until('the program ended', () => !isAlive(spawned.value.pid))
  })

  it('leaks nothing over five restarts and refuses a sixth', async () => {
    const listeners = (): number => process.eventNames().length
    const before = { fds: await openFiles(), listeners: listeners() }
    for (let n = 0; n < 6; n++) {
      const request = harness.request(fakeAgent('--wait', '60'))
      const spawned = await harness.ptyHost.spawn(request)
      if (!spawned.ok) throw new Error(spawned.error.detail)
      harness.ptyHost.attach(request.terminal, silent)
      harness.children.at(-1)?.kill('SIGKILL')
      await until('the loss is noticed', () => harness.observed.lost === n + 1)
      await until('the program ended', () => !isAlive(spawned.value.pid))
    }
    const refused = await harness.ptyHost.spawn(harness.request(fakeAgent('--exit', '0')))
    expect(refused.ok).toBe(false)
    expect(harness.children.length).toBe(6)
    await until('the pipes are closed', async () => (await openFiles()) <= before.fds)
    expect(listeners()).toBe(before.listeners)
    expect(harness.children.every((child) => !isAlive(child.pid ?? 0))).toBe(true)
  })

  it('gives every descriptor back after many terminals', async () => {
    const run = async (): Promise<void> => {
      const request = harness.request(fakeAgent('--print', 'x'))
      await harness.ptyHost.spawn(request)
      await until('the exit', () => harness.observed.exits.has(request.terminal))
      harness.ptyHost.release(request.terminal)
    }
    await run()
    const pid = harness.children[0]?.pid
    const before = await openFiles(pid)
    for (let n = 0; n < 20; n++) await run()
    await until('the descriptors are back', async () => (await openFiles(pid)) <= before)
  })

  it('pauses the program while the disk is full and loses nothing', async () => {
    await harness.dispose()
    const small = join(harness.folder, 'small')
    let child: ChildProcess | null = null
    harness = await startPtyHarness(entry, {
      // A small disk of its own, in a mount namespace that ends with the process.
      start: () => {
        const script = 'mkdir -p "$0" && mount -t tmpfs -o size=4m tmpfs "$0" && exec "$1" "$2"'
        child = spawn('unshare', ['-Urm', 'sh', '-c', script, small, process.execPath, entry], {
          stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
          serialization: 'advanced',
        })
        return child
      },
    })
    const inside = (path: string): string => join(`/proc/${child?.pid}/root`, path)
    const proof = join(harness.folder, 'proof.json')
    const first = harness.request(fakeAgent('--exit', '0'))
    await harness.ptyHost.spawn(first)
    await until('the first exit', () => harness.observed.exits.has(first.terminal))
    const filler = inside(join(small, 'filler'))
    await writeFile(filler, Buffer.alloc(3 * 1024 * 1024))

    const request = {
      ...harness.request(fakeAgent('--flood', '2', proof)),
      logPath: join(small, 'x.log'),
    }
    await harness.ptyHost.spawn(request)
    await until('the failure is told', () => harness.observed.logFailures.length > 0)
    await new Promise((done) => setTimeout(done, 500))
    const atFailure = harness.observed.active.at(-1)?.totalBytes
    await new Promise((done) => setTimeout(done, 2500))
    // Told once, and the program stands still meanwhile.
    expect(harness.observed.logFailures.length).toBe(1)
    expect(harness.observed.logFailures[0]).toContain('ENOSPC')
    expect(harness.observed.exits.has(request.terminal)).toBe(false)
    expect(harness.observed.active.at(-1)?.totalBytes).toBe(atFailure)

    await rm(filler)
    await until('the exit', () => harness.observed.exits.has(request.terminal))
    const recorded = outputOf(await recordsOf(inside(request.logPath)))
    const expected = JSON.parse(await readFile(proof, 'utf8')) as { bytes: number; sha256: string }
    expect(recorded.length).toBe(expected.bytes)
    expect(sha256(recorded)).toBe(expected.sha256)
  })
})

const silent = { screen: () => undefined, output: () => undefined, resized: () => undefined }

async function openFiles(pid: number | 'self' | undefined = 'self'): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length
}
