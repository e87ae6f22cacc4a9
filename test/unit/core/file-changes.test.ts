import { describe, expect, test } from 'vitest'
import { recordFiles } from '../../../src/main/core/file-changes.ts'
import type { FileWatchRequest, SeenChange } from '../../../src/main/core/file-port.ts'
import { ContentHash } from '../../../src/shared/domain/file-changes.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'
import { sessionId } from '../../helpers/recording.ts'

const hashOf = (copy: string) => ContentHash.parse(copy.padStart(64, '0'))
const seen = (change: Partial<SeenChange>): { type: 'changed' } & SeenChange => ({
  ...{ type: 'changed', change: 'written', path: 'a', from: null, isFolder: false, writer: null },
  ...{ before: { kind: 'absent' }, after: { kind: 'absent' }, ...change },
})
const copy = (name: string) => ({ kind: 'file', bytes: 1, kept: { copy: name } }) as const
const same = { kind: 'file', bytes: 1, kept: 'same' } as const

/** A watch that tells what the test wants, and a store that keeps all but the copies `broken`. */
async function record(tell: (watch: FileWatchRequest) => void, broken: readonly string[] = []) {
  const facts: Fact[] = []
  const errors: string[] = []
  const watch = await recordFiles({
    ...{ sessionId: sessionId(1), folder: '/w', workspace: '/w', hidden: [], learns: false },
    programs: 'here',
    report: (told) => facts.push(...told),
    blotBytes: (_, bytes) => bytes,
    manifests: { take: () => Promise.resolve() },
    log: { info: () => undefined, warn: () => undefined, error: (words) => errors.push(words) },
    contents: {
      open: () => Promise.resolve('/copies'),
      take: (_, name) =>
        broken.includes(name)
          ? Promise.reject(new Error('no space left'))
          : Promise.resolve(hashOf(name)),
      close: () => Promise.resolve(),
      read: () => Promise.resolve(null),
    },
    watchFiles: (request) => {
      tell(request)
      return Promise.resolve({ socket: '/s', close: () => Promise.resolve() })
    },
  })
  await watch.close()
  return { facts, errors, changes: facts.filter(({ type }) => type === 'file/changed') }
}

const hashes = (facts: readonly Fact[]) =>
  facts.flatMap((fact) =>
    fact.type === 'file/changed'
      ? [[fact.before, fact.after].map((item) => (item.kind === 'file' ? item.hash : item.kind))]
      : [],
  )

describe('changes of files', () => {
  test('that are the same as last told name the same content, also under a new name', async () => {
    const { changes } = await record(({ report }) => {
      report(seen({ change: 'created', after: copy('1') }))
      report(seen({ before: same, after: copy('2') }))
      report(seen({ change: 'renamed', path: 'b', from: 'a', after: same }))
      report(seen({ change: 'deleted', path: 'b', before: same }))
    })
    expect(hashes(changes)).toEqual([
      ['absent', hashOf('1')],
      [hashOf('1'), hashOf('2')],
      ['absent', hashOf('2')],
      [hashOf('2'), 'absent'],
    ])
  })

  test('are told in their order, however many, and without what could not be kept', async () => {
    const { changes, errors } = await record(
      ({ report }) => {
        for (let n = 0; n < 500; n++) report(seen({ path: `f${n}`, after: copy(String(n)) }))
      },
      ['7'],
    )
    expect(changes.map((fact) => fact.type === 'file/changed' && fact.path)).toEqual(
      Array.from({ length: 500 }, (_, n) => `f${n}`),
    )
    expect(hashes(changes)[7]).toEqual(['absent', null])
    expect(errors).toHaveLength(1)
  })

  test('say how they are known, and what it means that nobody watches any more', async () => {
    const watched = await record(({ report, lost }) => {
      report({ type: 'watching', isWhole: false })
      report({ type: 'notices' })
      lost('It ended.')
    })
    expect(watched.facts).toMatchObject([
      { source: 'folder', reason: expect.stringContaining('not known') as unknown },
      { source: 'calls', reason: expect.stringContaining('more folders') as unknown },
      { source: 'none', reason: expect.stringContaining('cannot write') as unknown },
    ])
    const unwatched = await record(({ lost }) => lost('It ended.'))
    expect(unwatched.facts).toMatchObject([{ source: 'none', reason: 'It ended.' }])
  })
})
