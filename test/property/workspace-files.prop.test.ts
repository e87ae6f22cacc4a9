import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FileChange, FileContent } from '../../src/shared/domain/file-changes.ts'
import { ContentHash } from '../../src/shared/domain/file-changes.ts'
import type { ListedFile } from '../../src/shared/domain/manifest.ts'
import type { TimelineEvent } from '../../src/shared/domain/timeline.ts'
import {
  createWorkspaceTree,
  filesAtStart,
  type WorkspaceFile,
  whereContent,
} from '../../src/shared/workspace-files.ts'

const ABSENT: FileContent = { kind: 'absent' }
const file = (text: string): FileContent => ({
  ...{ kind: 'file', bytes: text.length },
  hash: ContentHash.parse(Buffer.from(text).toString('hex').padStart(64, '0')),
})
/** The text a content stands for. */
const textOf = (content: FileContent): string | null =>
  content.kind === 'file' && content.hash
    ? Buffer.from(content.hash.replace(/^(00)+/, ''), 'hex').toString()
    : null

const NAMES = ['a', 'b', 'd/a', 'd/b', 'd/e/a', 'f/a'] as const
const FOLDERS = ['d', 'd/e', 'f', 'g'] as const
const step = fc.oneof(
  fc.record({
    do: fc.constant('write' as const),
    path: fc.constantFrom(...NAMES),
    text: fc.constantFrom('x', 'xy', 'xyz'),
  }),
  fc.record({ do: fc.constant('delete' as const), path: fc.constantFrom(...NAMES) }),
  fc.record({
    do: fc.constant('rename' as const),
    path: fc.constantFrom(...NAMES),
    to: fc.constantFrom(...NAMES),
  }),
  fc.record({
    do: fc.constant('move' as const),
    path: fc.constantFrom(...FOLDERS),
    to: fc.constantFrom(...FOLDERS),
  }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const isBelow = (path: string, folder: string): boolean => path.startsWith(`${folder}/`)

/** A workspace as plainly as it can be: paths and texts. What happens in it is told as the watch tells it. */
function run(start: ReadonlyMap<string, string>, steps: readonly Step[]) {
  const disk = new Map(start)
  const events: TimelineEvent[] = []
  const moments: ReadonlyMap<string, string>[] = [new Map(disk)]
  const told = (change: Pick<FileChange, 'change' | 'path'> & Partial<FileChange>): void => {
    const seq = events.length
    const fact: TimelineEvent['fact'] = {
      type: 'file/changed',
      ...{
        from: null,
        isFolder: false,
        writer: '1:1' as FileChange['writer'],
      },
      ...{ before: ABSENT, after: ABSENT, ...change },
    }
    events.push({ seq, atMs: seq, monoMs: seq, fact })
    moments.push(new Map(disk))
  }
  const contentOf = (path: string): FileContent => {
    const text = disk.get(path)
    return text === undefined ? ABSENT : file(text)
  }
  for (const done of steps) {
    const before = contentOf(done.path)
    switch (done.do) {
      case 'write':
        disk.set(done.path, done.text)
        told({
          change: before.kind === 'absent' ? 'created' : 'written',
          path: done.path,
          before,
          after: file(done.text),
        })
        break
      case 'delete':
        if (disk.delete(done.path)) told({ change: 'deleted', path: done.path, before })
        break
      case 'rename': {
        const text = disk.get(done.path)
        if (text === undefined || done.path === done.to) break
        const target = contentOf(done.to)
        disk.delete(done.path)
        disk.set(done.to, text)
        told({ change: 'renamed', path: done.to, from: done.path, before: target, after: before })
        break
      }
      case 'move': {
        const inside = [...disk].filter(([path]) => isBelow(path, done.path))
        const isFree =
          ![...disk.keys()].some((path) => isBelow(path, done.to)) && !isBelow(done.to, done.path)
        if (inside.length === 0 || !isFree || done.to === done.path) break
        for (const [path, text] of inside) {
          disk.delete(path)
          disk.set(done.to + path.slice(done.path.length), text)
        }
        told({ change: 'renamed', path: done.to, from: done.path, isFolder: true })
      }
    }
  }
  return { events, moments, disk }
}

const listed = (path: string, text: string, isSettled = true): ListedFile => ({
  ...{ path, kind: 'file', bytes: text.length, isSettled },
})
const workspace = fc
  .uniqueArray(fc.constantFrom(...NAMES), { minLength: 1 })
  .map((names) => new Map(names.map((name) => [name, `start of ${name}`] as const)))

const treeAfter = (
  start: readonly ListedFile[],
  events: readonly TimelineEvent[],
  count: number,
) => {
  const tree = createWorkspaceTree(start)
  for (const { fact } of events.slice(0, count)) if (fact.type === 'file/changed') tree.apply(fact)
  return tree
}

describe('the files of a workspace at any moment', () => {
  test('are those that were there, each with what was in it then', () => {
    fc.assert(
      fc.property(workspace, fc.array(step, { maxLength: 14 }), (start, steps) => {
        const { events, moments, disk } = run(start, steps)
        const list = filesAtStart(
          [...start].map(([path, text]) => listed(path, text)),
          events,
        )
        for (const [count, moment] of moments.entries()) {
          const files = treeAfter(list, events, count).files()
          expect(files.map(({ path }) => path).sort()).toEqual([...moment.keys()].sort())
          for (const each of files)
            expect(textAt(each, events, count, disk)).toBe(moment.get(each.path))
        }
      }),
    )
  })

  test('are the same whether they are followed or looked at anew', () => {
    fc.assert(
      fc.property(workspace, fc.array(step, { maxLength: 14 }), (start, steps) => {
        const { events } = run(start, steps)
        const list = [...start].map(([path, text]) => listed(path, text))
        const followed = createWorkspaceTree(list)
        for (const [at, { fact }] of events.entries()) {
          if (fact.type === 'file/changed') followed.apply(fact)
          expect(followed.files()).toEqual(treeAfter(list, events, at + 1).files())
        }
      }),
    )
  })

  test('that the list came too late or not at all for are as they were when they were first changed', () => {
    fc.assert(
      fc.property(workspace, fc.array(step, { maxLength: 14 }), (start, steps) => {
        const { events, moments } = run(start, steps)
        // The list was made when all was over, and of what was touched it is not certain.
        const late = [...(moments.at(-1) ?? [])].map(([path, text]) => listed(path, text, false))
        const found = new Set(filesAtStart(late, events).map(({ path }) => path))
        for (const { fact } of events) {
          if (fact.type !== 'file/changed' || fact.isFolder) continue
          const isFirst = events.find(
            ({ fact: first }) =>
              first.type === 'file/changed' &&
              (first.path === fact.path || first.from === fact.path || first.isFolder),
          )
          if (isFirst?.fact !== fact) continue
          expect(found.has(fact.path)).toBe(fact.before.kind === 'file')
        }
      }),
    )
  })
})

/** As the window has it: from the recording, or from the disk as it is in the end. */
function textAt(
  each: WorkspaceFile,
  events: readonly TimelineEvent[],
  count: number,
  disk: ReadonlyMap<string, string>,
): string | null | undefined {
  const where = whereContent(each, events, count - 1)
  if (where.kind === 'recorded') return textOf(where.content)
  return where.kind === 'disk' ? disk.get(where.now) : null
}

test('what was in a file is not claimed where changes were missed before it was looked at', () => {
  const { events } = run(new Map([['a', 'first']]), [{ do: 'write', path: 'a', text: 'xy' }])
  const origin = { path: 'a', origin: listed('a', 'first'), content: null }
  const missed: TimelineEvent = { seq: 0, atMs: 0, monoMs: 0, fact: { type: 'file/missed' } }
  const later = events.map((event) => ({ ...event, seq: 1 }))
  expect(whereContent(origin, later, 0)).toMatchObject({ kind: 'recorded' })
  expect(whereContent(origin, [missed, ...later], -1)).toEqual({ kind: 'lost', why: 'missed' })
  // The disk proves itself.
  expect(whereContent(origin, [missed], -1)).toEqual({ kind: 'disk', now: 'a' })
})
