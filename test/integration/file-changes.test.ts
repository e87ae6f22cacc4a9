import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import type { FileContent } from '../../src/shared/domain/file-changes.ts'
import type { TimelineEvent } from '../../src/shared/domain/timeline.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { follow, startTestHost, type TestHost } from '../helpers/host.ts'
import { LEVEL, notInVm, onlyInOs } from '../helpers/level.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'

const test = requireCapability('bubblewrap')
/** What the program of this machine does with what it was told, which is the same for every wall. */
const ofTheHost = notInVm(
  test,
  'what is told of machines is judged here: see guest-changes.test.ts',
)
/** Of which each is two calls to look at, and more of a folder that a machine shares. */
const MANY = LEVEL === 'vm' ? 300 : 3000

let host: TestHost
let connection: Connection
beforeEach(async () => {
  host = await startTestHost()
  connection = await host.connect()
})
afterEach(() => host.dispose())

const inWorkspace = (name: string): string => join(host.workspace, name)

/** Runs a script in a session to its end, and gives what was recorded of files. */
async function record(script: string, more: object = {}) {
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, `/bin/bash -c ${JSON.stringify(script)}`),
    ...more,
  })
  if (!created.ok) throw failure(created.error)
  const { id } = created.value
  const seen = follow(connection, id)
  await expect.poll(() => seen.state().session?.status).toBe('ended')
  const events = (await connection.api.recording.events({ id, fromSeq: 0 })).events
  const read = async (content: FileContent): Promise<string | null> => {
    if (content.kind !== 'file' || content.hash === null) return null
    const found = await connection.api.recording.content({ id, hash: content.hash })
    return found.ok ? found.value.text : null
  }
  return { id, state: seen.state(), changes: changesIn(events), read }
}

/** Processes of this machine that watch a folder. */
async function watchersOf(folder: string): Promise<number[]> {
  const found: number[] = []
  for (const pid of await readdir('/proc')) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (/\/file-changes\0/.test(words) && words.includes(`\0${folder}\0`)) found.push(Number(pid))
  }
  return found
}

const changesIn = (events: readonly TimelineEvent[]) =>
  events.flatMap(({ fact }) => (fact.type === 'file/changed' ? [fact] : []))

describe('changes of files in a session', () => {
  test('are recorded with who made them, and with what was there before and after', async () => {
    await writeFile(inWorkspace('kept.txt'), 'first\n')
    const { state, changes, read } = await record(
      `echo second >>kept.txt; /bin/cp kept.txt copy.txt; /bin/rm kept.txt; sleep 0.3; true`,
    )
    const words = await Promise.all(
      changes.map(async ({ change, path, writer, before, after }) => ({
        ...{ change, path, before: await read(before), after: await read(after) },
        by: writer && (state.processes.get(writer)?.name ?? null),
      })),
    )
    expect(words).toEqual([
      {
        change: 'written',
        path: 'kept.txt',
        before: 'first\n',
        after: 'first\nsecond\n',
        by: 'bash',
      },
      { change: 'created', path: 'copy.txt', before: null, after: 'first\nsecond\n', by: 'cp' },
      { change: 'deleted', path: 'kept.txt', before: 'first\nsecond\n', after: null, by: 'rm' },
    ])
    expect(state.fileWatching).toEqual({ source: 'calls', reason: null })
  })

  test('are told of a file that is replaced by another, as editors save', async () => {
    await writeFile(inWorkspace('a.txt'), 'old')
    const { changes, state, read } = await record('echo new >a.tmp; mv a.tmp a.txt; sleep 0.3')
    const renamed = changes.find(({ change }) => change === 'renamed')
    expect(renamed).toMatchObject({ path: 'a.txt', from: 'a.tmp' })
    expect(await read(renamed!.before)).toBe('old')
    expect(await read(renamed!.after)).toBe('new\n')
    expect([...state.files.keys()]).toEqual(['a.txt'])
  })

  test('through a link, a folder’s other name or a long way round are told of the file itself', async () => {
    const { changes } = await record(
      'mkdir -p deep/er; ln -s deep/er short; echo x >short/../er/./file; ln -s deep/er/file l; echo y >l; sleep 0.3',
    )
    const files = changes.filter(({ path }) => path.endsWith('file'))
    expect(files.map(({ change, path, writer }) => [change, path, writer !== null])).toEqual([
      ['created', 'deep/er/file', true],
      ['written', 'deep/er/file', true],
    ])
  })

  ofTheHost('by somebody outside of the session have no writer', async () => {
    const created = await connection.api.session.create(
      shellSpec(host.workspace, '/bin/bash -c "touch mine; read x"'),
    )
    if (!created.ok) throw new Error(created.error.type)
    const seen = follow(connection, created.value.id)
    await expect.poll(() => [...seen.state().files.keys()]).toEqual(['mine'])
    await writeFile(inWorkspace('theirs'), 'x')
    await expect.poll(() => seen.state().files.size).toBe(2)
    expect(seen.state().files.get('theirs')).toMatchObject({ writers: [], hasUnknownWriter: true })
    expect(seen.state().files.get('mine')).toMatchObject({ hasUnknownWriter: false })
  })

  ofTheHost('of what is masked are neither told nor read, wherever they are made', async () => {
    await writeFile(inWorkspace('.env'), 'TOKEN=do-not-record-me')
    const session = await connection.api.session.create({
      ...shellSpec(host.workspace, '/bin/bash -c "cat .env; echo x >ready; read x"'),
      maskSecrets: true,
    })
    if (!session.ok) throw new Error(session.error.type)
    const seen = follow(connection, session.value.id)
    await expect.poll(() => seen.state().files.size).toBe(1)
    await writeFile(inWorkspace('.env'), 'TOKEN=do-not-record-this-either')
    await writeFile(inWorkspace('after'), '')
    await expect.poll(() => seen.state().files.has('after')).toBe(true)
    expect([...seen.state().files.keys()]).toEqual(['ready', 'after'])
    await connection.api.session.stop({ id: session.value.id })
    const folder = join(host.dataDir, 'recordings', session.value.id, 'contents')
    const kept = await Promise.all(
      (await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')),
    )
    expect(kept.join()).not.toContain('do-not-record')
    expect(kept).toContain('x\n')
  })

  ofTheHost('hold no value that was let in', async () => {
    const value = 'tok-4f9a1c77e2-do-not-record'
    await connection.api.variable.keep({ name: 'API_TOKEN', value })
    const { changes, read } = await record('echo "token=$API_TOKEN" >.npmrc.new; sleep 0.3', {
      variables: [{ name: 'API_TOKEN', source: 'kept', isSecret: true }],
    })
    expect(await read(changes[0]!.after)).toBe(`token=${'*'.repeat(value.length)}\n`)
    expect(await readFile(inWorkspace('.npmrc.new'), 'utf8')).toContain(value)
  })

  test('of many files at once are all there, each with its writer', async () => {
    const { changes } = await record(
      `for i in $(seq 1 ${MANY}); do echo $i >file-$i; done; /bin/true`,
    )
    expect(changes).toHaveLength(MANY)
    expect(changes.filter(({ writer }) => writer === null)).toEqual([])
  })

  test('are no more where nobody watches: no program can write, and the session says so', async () => {
    // It waits for somebody to have looked at what it is told.
    const created = await connection.api.session.create(
      shellSpec(
        host.workspace,
        '/bin/bash -c "while [ ! -e go ]; do sleep 0.1; done; (echo lost >after); echo code $?; sleep 60"',
      ),
    )
    if (!created.ok) throw new Error(created.error.type)
    const { id } = created.value
    const seen = follow(connection, id)
    await expect.poll(() => seen.state().fileWatching?.source).toBe('calls')
    const [watcher, ...others] = await watchersOf(host.workspace)
    expect(others).toEqual([])
    process.kill(watcher!, 'SIGKILL')
    await expect.poll(() => seen.state().fileWatching?.source).toBe('none')
    expect(seen.state().fileWatching?.reason).toContain('Restart the session')
    await writeFile(inWorkspace('go'), '')
    const shown = async () => {
      const path = join(host.dataDir, 'recordings', id, 'terminal.log')
      return readFile(path, 'latin1')
    }
    await expect.poll(shown).toContain('code 1')
    expect(existsSync(inWorkspace('after'))).toBe(false)
  })

  onlyInOs(test, 'it is started at another level')(
    'without a boundary are told without who made them',
    async () => {
      const { changes, state } = await record('echo x >made; sleep 0.4; true', {
        ...{ level: 'unconfined', acknowledgement: 'unconfined' },
      })
      expect(changes.map(({ path, writer }) => [path, writer])).toEqual([['made', null]])
      expect(state.fileWatching).toMatchObject({ source: 'folder' })
    },
  )

  ofTheHost('of a program that tries what it may not are no changes', async () => {
    const { changes, state } = await record(
      'mkdir .git 2>/dev/null; echo x 2>/dev/null >/etc/passwd; echo x >/tmp/elsewhere; rm missing 2>/dev/null; touch done; sleep 0.3',
    )
    expect(changes.map(({ path }) => path)).not.toContain('missing')
    expect([...state.files.keys()]).toEqual(['done'])
  })
})

describe('what a session needs', () => {
  test('is noted where it is to be learned, once for each path, with who asked', async () => {
    for (const folder of ['.ssh', '.config', '.empty']) await mkdir(join(host.home, folder))
    for (const name of ['.gitconfig', '.ssh/id_ed25519', '.config/tool.toml'])
      await writeFile(join(host.home, name), '')
    await writeFile(inWorkspace('.env'), 'A=1\n')
    await writeFile(inWorkspace('plain.txt'), '')
    const script = [
      'cat ~/.gitconfig ~/.gitconfig ~/.ssh/id_ed25519 .env plain.txt; cat ./plain.txt',
      '[ -e ~/.config/../.config/tool.toml ]; [ -e ~/nowhere ]; ls ~/.empty; echo x >new; cat new',
    ].join('; ')
    const { state } = await record(script, { learn: true })
    const found = [...state.needs.values()]
    const absent = (path: string, isFolder = false, isSecret = false) => ({
      ...{ outcome: 'absent', path: join(host.home, path), isFolder, isSecret },
      reader: expect.stringMatching(/^\d+:\d+$/),
    })
    const read = (path: string, isSecret: boolean) => ({
      ...{ outcome: 'read', path, isFolder: false, isSecret, reader: expect.any(String) },
    })
    expect(found).toEqual(
      expect.arrayContaining([
        ...[absent('.gitconfig'), absent('.ssh/id_ed25519', false, true), absent('.empty', true)],
        ...[absent('.config/tool.toml'), read('.env', true), read('plain.txt', false)],
      ]),
    )
    const paths = found.map(({ path }) => path)
    expect(paths).not.toContain(join(host.home, 'nowhere'))
    expect(new Set(paths).size).toBe(paths.length)
    const reader = found.find(({ path }) => path === '.env')?.reader
    expect(reader && state.processes.has(reader)).toBe(true)
    // What was written is told as ever.
    expect(state.files.get('new')?.changes).toBeGreaterThan(0)
    // The positive control of the switch: without it nothing is noted.
    expect((await record(script)).state.needs.size).toBe(0)
  })
})
