import { type ChildProcess, fork } from 'node:child_process'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { createHost } from '../../src/main/create-host.ts'
import { createForkStarter } from '../../src/main/shell-web/fork-starter.ts'
import { failure } from '../helpers/failure.ts'
import { bundleEntry, removeBundles } from '../helpers/pty.ts'
import { temporaryFolder } from '../helpers/recording.ts'
import { LEVEL } from '../helpers/level.ts'
import { requireCapability } from '../helpers/require-capability.ts'

const test = requireCapability('bubblewrap')
const ENTRIES = resolve(import.meta.dirname, '../../out/main')

let entry: string
const running: ChildProcess[] = []
beforeAll(async () => {
  entry = await bundleEntry('test/fixtures/host-with-session.ts', 'host-with-session')
})
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await removeBundles()
})

/** Processes of the machine whose command line holds the text. */
async function holding(text: string): Promise<string[]> {
  const found: string[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')
    if (line.includes(text)) found.push(line.replaceAll('\0', ' '))
  }
  return found
}

const QEMU = /^\S*qemu-system/

/** Processes that do their best to outlive whoever started them; each carries the marker. */
const stubborn = (marker: string): string =>
  [
    `bash -c 'trap "" TERM HUP INT; sleep 600.${marker}'`,
    `setsid bash -c '(setsid nohup sleep 601.${marker} >/dev/null &) ; sleep 602.${marker}'`,
  ].join(' & ')

describe('kill -9 of the host', () => {
  test('nothing of a session lives on, and the next start leaves nothing of it on the machine', async () => {
    await using folder = await temporaryFolder()
    const dataDir = join(folder.path, 'data')
    const home = join(folder.path, 'home')
    const workspace = join(home, 'project')
    await mkdir(workspace, { recursive: true })
    const marker = `${process.pid}`
    const command = `bash -c ${JSON.stringify(`${stubborn(marker)} & wait`)}`
    const env = { ...process.env, HOME: home }
    const child = fork(entry, [dataDir, workspace, command, ENTRIES], { env })
    running.push(child)
    const said = await new Promise((done) => child.once('message', done))
    expect(said).toBe('running')
    // What runs in a machine this one does not see: it ends with the machine, which shares the home.
    const [own, words, count] = LEVEL === 'vm' ? [home, QEMU, 1] : [`.${marker}`, /^sleep/, 3]
    await expect
      .poll(async () => (await holding(own)).filter((line) => words.test(line)).length)
      .toBe(count)
    expect(await readdir(workspace)).toContain('.claude')

    child.kill('SIGKILL')
    const isOfSession = (line: string): boolean => LEVEL !== 'vm' || /bwrap|qemu|runner/.test(line)
    const left = async (): Promise<string[]> => (await holding(own)).filter(isOfSession)
    await expect.poll(left, { timeout: 2000, interval: 50 }).toEqual([])
    expect(await holding(dataDir)).toEqual([])

    const next = await createHost({
      dataDir,
      entries: ENTRIES,
      nodePath: process.execPath,
      nodeEnv: {},
      starter: createForkStarter(ENTRIES),
      secretBox: null,
      mayUnconfineInBrowser: false,
      env,
    })
    if (!next.ok) throw failure(next.error)
    expect(await readdir(workspace)).toEqual([])
    const folders = (await readdir(tmpdir())).filter((name) =>
      name.startsWith(`cloche-session-${child.pid}.`),
    )
    expect(folders).toEqual([])
    await next.value.stop()
  })
})
