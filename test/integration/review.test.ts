import { existsSync } from 'node:fs'
import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test as plainTest } from 'vitest'
import type { ReviewChange, ReviewChoice } from '../../src/shared/domain/review.ts'
import type { Session, SessionSpec } from '../../src/shared/domain/session.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { follow, outputOf, startTestHost, type TestHost } from '../helpers/host.ts'
import { LEVEL, onlyInOs } from '../helpers/level.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'

const test = LEVEL === 'os' ? requireCapability('bubblewrap') : plainTest
const osTest = onlyInOs(test, 'what becomes of a copy does not depend on the wall')

let host: TestHost
let connection: Connection
beforeEach(async () => {
  host = await startTestHost()
  connection = await host.connect()
  await mkdir(join(host.workspace, 'src'))
  await writeFile(join(host.workspace, 'src/app.js'), 'one\n')
  await writeFile(join(host.workspace, 'gone.txt'), 'gone\n')
  await writeFile(join(host.workspace, '.env'), 'TOKEN=of-the-person\n')
})
afterEach(() => host.dispose())

/** Ends with the last word of `script`. */
async function run(script: string, more: Partial<SessionSpec> = {}): Promise<Session> {
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, `sh -c '${script}'`),
    review: true,
    ...more,
  })
  if (!created.ok) throw failure(created.error)
  return over(created.value)
}

async function over({ id }: Session): Promise<Session> {
  const { state, stop } = follow(connection, id)
  await expect.poll(() => state().session?.status).toBe('ended')
  // What becomes of the copy is decided right after.
  await expect.poll(() => (state().running === 0 ? state().session : null)).toBeTruthy()
  stop()
  return state().session!
}

async function changesOf({ id }: Session): Promise<readonly ReviewChange[]> {
  const look = await connection.api.review.look({ id })
  if (!look.ok) throw failure(look.error)
  return look.value.changes
}
const namesOf = async (session: Session): Promise<string[]> =>
  (await changesOf(session)).map(({ change, path }) => `${change} ${path}`)
const chosen = ({ path, seen }: ReviewChange): ReviewChoice => ({
  ...{ path, seen, overwrites: false, isTicked: false },
})
const inFolder = (path: string): Promise<string> => readFile(join(host.workspace, path), 'utf8')

describe('a session under review', () => {
  test('works at the workspace’s path on a copy, and the folder changes only by what is applied', async () => {
    const script =
      'pwd; cat .env; echo two >src/app.js; echo new >src/new.js; rm gone.txt; mkdir .vscode 2>/dev/null && echo made; echo $?'
    // The control: without a review the same program changes the folder itself.
    await run('touch control', { review: false })
    expect(existsSync(join(host.workspace, 'control'))).toBe(true)

    const session = await run(script, { maskSecrets: true })
    const output = await outputOf(connection, session.id)
    expect(output).toContain(host.workspace)
    // The rules of the workspace hold for its copy.
    expect(output).not.toContain('of-the-person')
    expect(output).not.toContain('made')
    expect(session.axes.map(({ proven }) => proven)).toEqual(Array(4).fill('enforced'))
    expect(session.policy?.sentences.map(({ text }) => text).join('\n')).toContain(
      `a copy of ${host.workspace}`,
    )
    expect((await readdir(host.workspace)).sort()).toEqual(['.env', 'control', 'gone.txt', 'src'])
    expect([await inFolder('src/app.js'), await inFolder('gone.txt')]).toEqual(['one\n', 'gone\n'])

    const changes = await changesOf(session)
    expect(changes.map(({ change, path }) => `${change} ${path}`)).toEqual([
      'deleted gone.txt',
      'changed src/app.js',
      'added src/new.js',
    ])
    const app = changes.find(({ path }) => path === 'src/app.js')!
    const { path, seen } = app
    const content = await connection.api.review.content({ id: session.id, path, seen })
    expect(content).toMatchObject({ ok: true, value: { before: 'one\n', after: 'two\n' } })
    const applied = await connection.api.review.apply({
      id: session.id,
      choices: [chosen(app), chosen(changes[0]!)],
    })
    expect(applied).toMatchObject({ ok: true, value: { refused: [] } })
    expect([await inFolder('src/app.js'), existsSync(join(host.workspace, 'gone.txt'))]).toEqual([
      'two\n',
      false,
    ])
    expect((await lstat(join(host.workspace, 'src/app.js'))).uid).toBe(process.getuid?.())
    expect(await namesOf(session)).toEqual(['added src/new.js'])
    expect(existsSync(join(host.workspace, 'src/new.js'))).toBe(false)
    const audit = await connection.api.audit.read({ words: 'review/applied', before: null })
    expect(audit.entries[0]?.fact).toMatchObject({
      type: 'review/applied',
      paths: ['gone.txt', 'src/app.js'],
    })
  })
})

describe('who changed a file of the copy', () => {
  test('is known as in the workspace', async () => {
    const session = await run('echo two >src/app.js; sleep 0.3')
    const { state, stop } = follow(connection, session.id)
    await expect.poll(() => state().files.get('src/app.js')?.writers.length).toBe(1)
    stop()
  })
})

describe('a copy', () => {
  osTest(
    'is worked on by the session that goes on with it, also after the host began anew',
    async () => {
      const first = await run('if [ -e one ]; then touch two; sleep 60; else touch one; fi')
      expect(await namesOf(first)).toEqual(['added one'])
      await host.restart()
      connection = await host.connect()
      expect(await namesOf(first)).toEqual(['added one'])
      const second = await connection.api.session.restart({ id: first.id })
      if (!second.ok) throw failure(second.error)
      await expect.poll(() => namesOf(second.value)).toEqual(['added one', 'added two'])
      // Two at once would be in each other's way, and nothing is thrown away under either.
      expect(await connection.api.session.restart({ id: first.id })).toMatchObject({
        error: { type: 'review_refused' },
      })
      expect(await connection.api.review.discard({ id: first.id })).toMatchObject({
        error: { type: 'still_live' },
      })
      await connection.api.session.stop({ id: second.value.id })
      expect(await namesOf(first)).toEqual(['added one', 'added two'])
      expect(existsSync(join(host.workspace, 'one'))).toBe(false)
    },
  )

  osTest('goes with its last session only when that was said', async () => {
    const session = await run('touch one')
    const { id } = session
    expect(await connection.api.session.remove({ id })).toMatchObject({
      error: { type: 'open_review' },
    })
    expect(await namesOf(session)).toEqual(['added one'])
    expect((await readdir(join(host.dataDir, 'reviews'))).length).toBe(1)
    expect(await connection.api.session.remove({ id, discardsReview: true })).toMatchObject({
      ok: true,
    })
    expect(await readdir(join(host.dataDir, 'reviews'))).toEqual([])
  })

  osTest('is gone when it was discarded, and by itself when nothing in it differs', async () => {
    const session = await run('touch one')
    expect((await connection.api.review.discard({ id: session.id })).ok).toBe(true)
    expect(await connection.api.review.look({ id: session.id })).toMatchObject({ ok: false })
    const idle = await run('cat src/app.js')
    await expect.poll(() => readdir(join(host.dataDir, 'reviews'))).toEqual([])
    expect((await connection.api.review.look({ id: idle.id })).ok).toBe(false)
    expect(existsSync(join(host.workspace, 'one'))).toBe(false)
  })
})

osTest('without a boundary there is no review', async () => {
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, 'true'),
    ...{ review: true, level: 'unconfined', acknowledgement: 'unconfined' },
  })
  expect(created).toMatchObject({ ok: false, error: { type: 'review_refused' } })
})
