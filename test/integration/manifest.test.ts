import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { follow, startTestHost, type TestHost } from '../helpers/host.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'

const test = requireCapability('bubblewrap')

let host: TestHost
let connection: Connection
beforeEach(async () => {
  host = await startTestHost()
  connection = await host.connect()
})
afterEach(() => host.dispose())

const inWorkspace = (name: string): string => join(host.workspace, name)

/** Files that the kernel's clock sees as older than the session. */
async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(inWorkspace(name), '..'), { recursive: true })
    await writeFile(inWorkspace(name), text)
  }
  await sleep(60)
}

async function start(script: string, more: object = {}) {
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, `/bin/bash -c ${JSON.stringify(script)}`),
    ...more,
  })
  if (!created.ok) throw failure(created.error)
  return created.value.id
}

async function record(script: string, more: object = {}) {
  const id = await start(script, more)
  const seen = follow(connection, id)
  await expect.poll(() => seen.state().session?.status).toBe('ended')
  return id
}
type Id = Awaited<ReturnType<typeof start>>

const listOf = async (id: Id) => {
  const page = await connection.api.recording.manifest({ id, from: 0 })
  if (!page) throw new Error('no list')
  return page
}

/** What was in it at the start, or why that is not known. */
async function atStart(id: Id, path: string, now = path): Promise<string | null> {
  const found = await connection.api.recording.atStart({ id, path, now })
  return found.ok ? found.value.text : found.error.why
}

describe('the files a workspace had as its session began', () => {
  test('are listed, and those that nobody changed are read from the disk', async () => {
    await write({ 'kept.txt': 'as it was\n', 'src/deep/other.txt': 'this too\n', 'late.txt': 'x' })
    await symlink('/etc/passwd', inWorkspace('link'))
    execFileSync('mkfifo', [inWorkspace('pipe')])
    await sleep(60)
    const id = await record('echo changed >late.txt; echo made >new.txt; sleep 0.3')
    const { files, isWhole, isLast } = await listOf(id)
    expect([isWhole, isLast]).toEqual([true, true])
    const kinds = files
      .filter(({ path }) => !path.startsWith('.'))
      .map(({ path, kind }) => [path, kind])
    expect(new Map(kinds as [string, string][])).toEqual(
      new Map([
        ...[
          ['kept.txt', 'file'],
          ['src/deep/other.txt', 'file'],
          ['late.txt', 'file'],
        ],
        ...[
          ['link', 'link'],
          ['pipe', 'other'],
        ],
      ] as [string, string][]),
    )
    expect(files.find(({ path }) => path === 'kept.txt')).toMatchObject({
      bytes: 10,
      isSettled: true,
    })
    expect(await atStart(id, 'kept.txt')).toBe('as it was\n')
    expect(await atStart(id, 'src/deep/other.txt')).toBe('this too\n')
    expect(await atStart(id, 'late.txt')).toBe('changed')
    expect(await atStart(id, 'new.txt')).toBe('not_listed')
    expect(await atStart(id, 'link')).toBe('no_file')
    expect(await atStart(id, 'pipe')).toBe('no_file')
  })

  test('are not shown as they were when something else is there now, however alike', async () => {
    const names = ['written', 'replaced', 'linked', 'piped', 'removed', 'behind/a-link', 'same']
    await write(Object.fromEntries(names.map((name) => [name, 'the start'])))
    const id = await record('sleep 0.3')
    for (const name of names) expect(await atStart(id, name)).toBe('the start')

    // As long as before, and with the old time on it.
    const when = new Date(Date.now() - 60_000)
    await writeFile(inWorkspace('written'), 'the other')
    await utimes(inWorkspace('written'), when, when)
    await writeFile(inWorkspace('twin'), 'the start')
    await rename(inWorkspace('twin'), inWorkspace('replaced'))
    for (const name of ['linked', 'piped', 'removed']) await rm(inWorkspace(name))
    await symlink(inWorkspace('same'), inWorkspace('linked'))
    execFileSync('mkfifo', [inWorkspace('piped')])
    // The very file, reached through a link on the way.
    await rename(inWorkspace('behind'), inWorkspace('elsewhere'))
    await symlink('elsewhere', inWorkspace('behind'))

    const found = await Promise.all(names.map((name) => atStart(id, name)))
    expect(found).toEqual([
      ...['changed', 'changed', 'changed', 'changed', 'gone', 'gone', 'the start'],
    ])
    // Its folder went elsewhere, and it is the same.
    expect(await atStart(id, 'behind/a-link', 'elsewhere/a-link')).toBe('the start')
    for (const way of ['../same', '/etc/passwd', 'behind/../same', '', '.', 'same/'])
      expect(await atStart(id, 'same', way)).toBe('gone')
  })

  test('are refused when they are too large, and when the workspace is gone', async () => {
    await write({ large: 'x'.repeat(1024 * 1024 + 1), small: 'y' })
    const id = await record('sleep 0.3')
    expect(await atStart(id, 'large')).toBe('too_large')
    expect(await atStart(id, 'small')).toBe('y')
    await rename(host.workspace, `${host.workspace}-moved`)
    expect(await atStart(id, 'small')).toBe('no_workspace')
    await rename(`${host.workspace}-moved`, host.workspace)
    expect(await atStart(id, 'small')).toBe('y')
  })

  test('are listed without what is masked, and that is never read', async () => {
    await write({ '.env': 'TOKEN=do-not-show-me', plain: 'shown' })
    const id = await record('sleep 0.3', { maskSecrets: true })
    expect((await listOf(id)).files.map(({ path }) => path)).not.toContain('.env')
    expect(await atStart(id, '.env')).toBe('not_listed')
    expect(await atStart(id, 'plain', '.env')).toBe('changed')
    expect(await atStart(id, 'plain')).toBe('shown')
    // The positive control: without the mask it is there.
    const open = await record('sleep 0.3', { maskSecrets: false })
    expect(await atStart(open, '.env')).toBe('TOKEN=do-not-show-me')
  })

  test('lose the session’s secret values while they are known, and are refused afterwards', async () => {
    const value = 'tok-4f9a1c77e2-do-not-show'
    await connection.api.variable.keep({ name: 'API_TOKEN', value })
    await write({ settings: `key=${value}\n`, [`named-${value}`]: '' })
    const id = await start('read x', {
      variables: [{ name: 'API_TOKEN', source: 'kept', isSecret: true }],
    })
    expect(await atStart(id, 'settings')).toBe(`key=${'*'.repeat(value.length)}\n`)
    await connection.api.session.stop({ id })
    await expect.poll(() => atStart(id, 'settings')).toBe('secrets_forgotten')
    const kept = await readFile(join(host.dataDir, 'recordings', id, 'manifest.gz'))
    const text = gunzipSync(kept).toString()
    expect(text).toContain('settings')
    expect(text).not.toContain(value)
  })

  test('of a list that was damaged are not known', async () => {
    await write({ plain: 'shown' })
    const id = await record('sleep 0.3')
    const path = join(host.dataDir, 'recordings', id, 'manifest.gz')
    const kept = await readFile(path)
    kept[kept.length - 8]! ^= 1
    await writeFile(path, kept)
    expect(await connection.api.recording.manifest({ id, from: 0 })).toBeNull()
    expect(await atStart(id, 'plain')).toBe('not_listed')
  })
})
