import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import type { RestoredMount } from '../../src/main/core/mount-port.ts'
import type { Sandbox } from '../../src/main/core/ports.ts'
import { failure } from '../helpers/failure.ts'
import { shell } from '../helpers/outside.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { makePlace, type Place, startSandbox } from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap', 'gcc', 'python3')
const SECRET = 'only-the-machine-may-read-this'

/**
 * Says what it can open, over and over, by one line for each look: whoever waits for the number to grow knows
 * that it looked after what happened here.
 */
const LOOK = `
import os, socket, time
look = 0
def tried(what):
    try: return what()
    except OSError as error: return type(error).__name__
def read(): return open('.env').read().strip() or 'empty'
def plant():
    open('.vscode/tasks.json', 'w').close()
    return 'planted'
def connect(name):
    s = socket.socket(socket.AF_UNIX)
    s.connect(name)
    return s.recv(64).decode()
own = socket.socket(socket.AF_UNIX)
own.bind('own.sock'); own.listen()
def reach_own():
    c = socket.socket(socket.AF_UNIX); c.connect('own.sock'); own.accept(); return 'reached'
while True:
    look += 1
    words = [look, tried(read), tried(plant), tried(lambda: connect('late.sock')), tried(reach_own)]
    with open('said.tmp', 'w') as out: out.write(' '.join(map(str, words)))
    os.rename('said.tmp', 'said')
    time.sleep(0.02)
`

let place: Place
let sandbox: Sandbox | null
let restored: RestoredMount[]
beforeEach(async () => {
  place = await makePlace()
  await writeFile(join(place.workspace, '.env'), SECRET)
  await mkdir(join(place.workspace, '.vscode'), { recursive: true })
  await writeFile(join(place.workspace, 'look.py'), LOOK)
  sandbox = null
  restored = []
})
afterEach(async () => {
  await sandbox?.destroy()
  await place.dispose()
})

interface Said {
  readonly look: number
  readonly env: string
  readonly settings: string
  readonly late: string
  readonly own: string
}

async function said(): Promise<Said> {
  const text = await readFile(join(place.workspace, 'said'), 'utf8').catch(() => '0')
  const [look = '0', env = '', settings = '', late = '', own = ''] = text.split(' ')
  return { look: Number(look), env, settings, late, own }
}

/** What it said of a look that began after this call. */
async function saidAfter(): Promise<Said> {
  const { look } = await said()
  await expect.poll(async () => (await said()).look).toBeGreaterThan(look + 1)
  return said()
}

/** `keeps`: lost mounts are put back. */
async function start(keeps: boolean) {
  const started = await startSandbox(place, shell('exec python3 look.py'), {
    files: [
      { path: join(place.workspace, '.env'), asked: '.env', access: 'mask', isPattern: false },
    ],
  })
  if (!started.sandbox.ok) throw failure(started.sandbox.error)
  sandbox = started.sandbox.value
  const keeper = keeps ? sandbox.keepMounts?.((item) => restored.push(item)) : null
  await sandbox.release()
  expect(await saidAfter()).toMatchObject({
    ...{ env: 'empty', settings: 'OSError', late: 'FileNotFoundError', own: 'reached' },
  })
  return keeper
}

/** As an editor saves. */
async function save(): Promise<void> {
  await writeFile(join(place.root, 'saved'), `${SECRET}-2`)
  await rename(join(place.root, 'saved'), join(place.workspace, '.env'))
}

/** As a tool that sets a folder up anew. */
async function remakeSettings(): Promise<void> {
  await rm(join(place.workspace, '.vscode'), { recursive: true })
  await mkdir(join(place.workspace, '.vscode'))
}

const restoredPaths = (): string[] => restored.map(({ path }) => path)

describe('what is replaced from outside while a session runs', () => {
  test('is open where nothing puts it back, and shows as drift (positive control)', async () => {
    await start(false)
    await save()
    await remakeSettings()
    expect(await saidAfter()).toMatchObject({ env: `${SECRET}-2`, settings: 'planted' })
    expect(await sandbox?.hasDrifted()).toBe(true)
  })

  test('is covered again at once, and told', async () => {
    await start(true)
    await save()
    await remakeSettings()
    await expect
      .poll(restoredPaths)
      .toEqual(
        expect.arrayContaining([join(place.workspace, '.env'), join(place.workspace, '.vscode')]),
      )
    expect(await saidAfter()).toMatchObject({ env: 'empty', settings: 'OSError', own: 'reached' })
    expect(await sandbox?.hasDrifted()).toBe(false)
    // Again and again, also with a time in which there is nothing.
    for (let round = 0; round < 100; round++) {
      const before = restored.length
      await save()
      await expect.poll(() => restored.length, { interval: 2 }).toBeGreaterThan(before)
    }
    await rm(join(place.workspace, '.env'))
    const before = restored.length
    await writeFile(join(place.workspace, '.env'), SECRET)
    await expect.poll(() => restored.length).toBeGreaterThan(before)
    expect((await saidAfter()).env).toBe('empty')
    expect(await sandbox?.hasDrifted()).toBe(false)
    expect(await readFile(join(place.workspace, '.env'), 'utf8')).toBe(SECRET)
  })

  test('a socket of this machine in the workspace is covered; one made inside is not', async () => {
    const keeper = await start(true)
    const path = join(place.workspace, 'late.sock')
    const server = createServer((socket) => socket.end(SECRET))
    await new Promise<void>((done) => server.listen(path, done))
    try {
      expect((await saidAfter()).late).toBe(SECRET)
      keeper?.appeared(path)
      keeper?.appeared(join(place.workspace, 'own.sock'))
      keeper?.appeared(join(place.workspace, 'look.py'))
      await expect.poll(() => restored).toEqual([{ path, was: 'socket' }])
      expect(await saidAfter()).toMatchObject({ late: 'ConnectionRefusedError', own: 'reached' })
    } finally {
      server.close()
    }
  })

  test('nothing of it stays', async () => {
    await start(true)
    const running = (): string =>
      execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => line.includes('mount-keeper') && line.includes(String(sandbox?.rootPid)))
        .join()
    expect(running()).not.toBe('')
    await sandbox?.destroy()
    expect(running()).toBe('')
  })
})
