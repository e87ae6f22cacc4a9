import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openReviewStore } from '../../../src/main/review/review-store.ts'
import { sessionId } from '../../helpers/recording.ts'

const run = promisify(execFile)
let top: string
let warned: string[]

beforeEach(async () => {
  top = await realpath(await mkdtemp(join(tmpdir(), 'cloche-reviews-')))
  warned = []
  await mkdir(join(top, 'work'))
  await writeFile(join(top, 'work/a'), 'one\n')
})
afterEach(() => rm(top, { recursive: true, force: true }))

const open = (limits = { bytes: 1024 ** 2, entries: 100 }) =>
  openReviewStore({
    ...{ root: join(top, 'reviews'), limits, isHeld: (path) => path.endsWith('/stand-in') },
    run: (tool, args) =>
      run(tool, args).then(
        () => ({ code: 0 }),
        () => ({ code: 1 }),
      ),
    replaceFile: (path, text) => writeFile(path, text),
    log: { info: () => undefined, warn: (words) => warned.push(words), error: () => undefined },
  })
const kept = (): Promise<string[]> => readdir(join(top, 'reviews'))

test('a copy outlives the host, and goes with the last session that shares it', async () => {
  const first = await open()
  const made = await first.make(sessionId(1), join(top, 'work'))
  if (!made.ok) throw new Error(made.error)
  await writeFile(join(made.value.copy, 'b'), 'two\n')
  await writeFile(join(made.value.copy, 'stand-in'), '')
  const again = await open()
  expect(await again.join(sessionId(1), sessionId(2))).toBe(made.value.copy)
  expect((await again.look(sessionId(2))).changes.map(({ path }) => path)).toEqual(['b'])
  expect(again.sharers(sessionId(1))).toEqual([sessionId(1), sessionId(2)])
  await again.leave(sessionId(1))
  expect((await (await open()).look(sessionId(2))).changes).toHaveLength(1)
  await again.leave(sessionId(2))
  expect(await kept()).toEqual([])
  expect(await again.join(sessionId(2), sessionId(3))).toBeNull()
})

test('what was never whole is removed, and what cannot be read is left as it is', async () => {
  await mkdir(join(top, 'reviews/ses_half/copy'), { recursive: true })
  await mkdir(join(top, 'reviews/ses_damaged/copy'), { recursive: true })
  await writeFile(join(top, 'reviews/ses_damaged/review.json'), '{ torn')
  await open()
  expect(await kept()).toEqual(['ses_damaged'])
  expect(warned).toEqual([expect.stringContaining('ses_damaged')])
})

test('a workspace that is too large is named, and nothing of its copy stays', async () => {
  const store = await open({ bytes: 2, entries: 100 })
  const made = await store.make(sessionId(1), join(top, 'work'))
  expect(made.ok ? '' : made.error).toContain('more than 2 bytes')
  expect(await kept()).toEqual([])
  expect(store.sharers(sessionId(1))).toEqual([])
})

test('a copy that a program made deep and closed is removed all the same', async () => {
  const store = await open()
  const made = await store.make(sessionId(1), join(top, 'work'))
  if (!made.ok) throw new Error(made.error)
  const script =
    'cd "$1" && n=$(printf %0200d 0) && i=0; while [ $i -lt 30 ]; do mkdir $n && cd -P $n || exit 1; i=$((i + 1)); done; touch far; chmod 0 .'
  await run('sh', ['-c', script, 'sh', made.value.copy])
  expect((await store.look(sessionId(1))).leftOut).toMatchObject([{ why: 'deep' }])
  await store.discard(sessionId(1))
  expect(await kept()).toEqual([])
})
