import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openPacked } from '../../../src/renderer/stores/packed-recording.ts'
import { ContentHash } from '../../../src/shared/domain/file-changes.ts'
import type { TimelineEvent } from '../../../src/shared/domain/timeline.ts'
import { exportRecording } from '../../../src/shared/recording/export-recording.ts'
import type { ExportFormat, ExportSource } from '../../../src/shared/recording/export-source.ts'
import { lookThrough } from '../../../src/shared/recording/hits.ts'
import { blocksIn, type PageParts } from '../../../src/shared/recording/offline-page.ts'
import {
  KNOWN_SECRETS,
  redactText,
  wordRedaction,
} from '../../../src/shared/recording/redaction.ts'
import { createRecordRedactor } from '../../../src/shared/recording/redacted-records.ts'
import type { TerminalRecord } from '../../../src/shared/terminal-log.ts'
import { eventOf, sampleSession, sessionId } from '../../helpers/recording.ts'

const x = (count: number): string => 'x1Y2'.repeat(count).slice(0, count)
const token = `${'ghp_'}${x(36)}`
const hash = ContentHash.parse('a'.repeat(64))
const session = { ...sampleSession(sessionId(1)), title: `with ${token}` }

const output = (monoMs: number, text: string): TerminalRecord => ({
  ...{ kind: 'output', monoMs },
  bytes: new TextEncoder().encode(text),
})
const textOf = (records: readonly TerminalRecord[]): string[] =>
  records.flatMap((item) => (item.kind === 'output' ? [new TextDecoder().decode(item.bytes)] : []))
const EVENTS: TimelineEvent[] = [
  eventOf(0, { type: 'session/created', session }),
  eventOf(5, { type: 'net/resolved', name: token }),
  eventOf(6, {
    ...{ type: 'file/changed', change: 'written', path: 'a.txt', from: null, isFolder: false },
    ...{ writer: null, before: { kind: 'absent' }, after: { kind: 'file', bytes: 9, hash } },
  }),
]

/** Parts of so many records; of each of the events a batch. */
function sourceOf(records: readonly TerminalRecord[], size: number): ExportSource {
  const count = Math.max(1, Math.ceil(records.length / size))
  const point = { at: 0, records: 0, outputBytes: 0, atMs: 0, screenAt: null }
  return {
    index: {
      points: Array.from({ length: count }, () => point),
      ...{ bytes: 0, records: records.length, outputBytes: 0, durationMs: 100, damage: 'none' },
      ...{ active: [], commands: [] },
    },
    markers: [{ atMs: 7, label: `Agent: use ${token}` }],
    part: (n) => Promise.resolve(records.slice(n * size, (n + 1) * size)),
    screen: () => Promise.resolve(null),
    content: () => Promise.resolve(`token=${token}\n`),
    async *events() {
      for (const event of EVENTS) yield Promise.resolve([event])
    },
  }
}
const RECORDS: readonly TerminalRecord[] = [
  { kind: 'resize', monoMs: 0, cols: 80, rows: 24 },
  output(10, `é ${token.slice(0, 9)}`),
  output(20, `${token.slice(9)} after`),
  { kind: 'resize', monoMs: 30, cols: 90, rows: 24 },
]
const PAGE: PageParts = {
  ...{ script: 'go()', style: '', squeeze: promisify(gzip) },
  sha256: (bytes) => Promise.resolve(createHash('sha256').update(bytes).digest()),
}
const silent = (): void => undefined

async function written(
  format: ExportFormat,
  source: ExportSource,
  redactions = KNOWN_SECRETS,
): Promise<string> {
  const labelOf = ({ type }: { type: string }): string => type
  const leaving = { source, session, redactions, labelOf, progress: silent }
  let text = ''
  for await (const piece of exportRecording(format, leaving, PAGE)) text += piece
  return text
}

describe.each([1, 9])('a recording in parts of %i records', (size) => {
  test('is searched in its terminal, events and files, also across two pieces of output', async () => {
    const { found } = await lookThrough(sourceOf(RECORDS, size), KNOWN_SECRETS, silent)
    expect(found.map(({ redaction, count }) => [redaction.id, count])).toEqual([['github', 5]])
    expect(found[0]!.hits.map(({ place, atMs }) => [place, atMs])).toEqual([
      ...[
        ['terminal', 10],
        ['event', 0],
        ['event', 5],
        ['event', 7],
        ['file', null],
      ],
    ])
  })

  test('leaves as a page that holds nothing of it, keeps its shape, and says what was taken out', async () => {
    const page = await written('html', sourceOf(RECORDS, size))
    const packed = (await openPacked(blocksIn(page)))!
    const log = await packed.source.terminal()
    const { records } = await log.part(0)
    expect(textOf(records)).toEqual([`é ${'*'.repeat(9)}`, `${'*'.repeat(token.length - 9)} after`])
    expect(records.map(({ kind, monoMs }) => [kind, monoMs])).toEqual(
      RECORDS.map(({ kind, monoMs }) => [kind, monoMs]),
    )
    expect(await packed.source.content(hash)).toEqual({ text: `token=${'*'.repeat(40)}\n` })
    expect(await packed.source.markers(0)).toEqual([
      { atMs: 7, label: `Agent: use ${'*'.repeat(40)}` },
    ])
    expect(packed.taken).toEqual([{ name: 'GitHub tokens', count: 5 }])
    expect(page).toContain(`<title>with ${'*'.repeat(40)}</title>`)
    expect(JSON.stringify(packed.events)).not.toContain(token)
    expect(packed.events).toHaveLength(EVENTS.length)
  })

  test('leaves whole where nothing is chosen', async () => {
    const page = await written('html', sourceOf(RECORDS, size), [])
    const packed = (await openPacked(blocksIn(page)))!
    expect(packed.events).toEqual(EVENTS)
    expect((await (await packed.source.terminal()).part(0)).records).toEqual(RECORDS)
    expect(packed.taken).toEqual([])
  })

  test.each(['cast2', 'cast3', 'jsonl'] as const)('as %s holds nothing of it', async (format) => {
    const text = await written(format, sourceOf(RECORDS, size))
    expect(text).toContain('*'.repeat(9))
    expect(text).not.toContain(token.slice(9))
  })
})

test('a page whose terminal is of many blocks is read by parts, and searched', async () => {
  const line = `${'some words of a line '.repeat(50)}\r\n`
  const records = Array.from({ length: 6000 }, (_, n) => output(n, `${n} ${line}`))
  const page = await written('html', sourceOf([...RECORDS, ...records], 700))
  const blocks = blocksIn(page)
  expect(blocks.filter(({ kind }) => kind === 'terminal').length).toBeGreaterThan(4)
  const log = await (await openPacked(blocks))!.source.terminal()
  expect(log.index.points.length).toBeGreaterThan(2)
  const back: TerminalRecord[] = []
  for (let n = 0; n < log.index.points.length; n++) back.push(...(await log.part(n)).records)
  expect(textOf(back).join('').slice(-200_000)).toBe(textOf(records).join('').slice(-200_000))
  expect(back).toHaveLength(RECORDS.length + records.length)
  expect(await log.find('5999 some', () => false)).toEqual([5999])
})

test('screens leave with it, up to the first thing that is taken out', async () => {
  const clean = Array.from({ length: 16 }, (_, n) =>
    output(n, `${n} ${'plain words '.repeat(5000)}\r\n`),
  )
  const bytesOf = (count: number): number => textOf(clean.slice(0, count)).join('').length
  const source = sourceOf([...clean, output(60, token), ...clean], 2)
  const screens = new Map([
    [bytesOf(1), 'one line'],
    [bytesOf(2), `a screen with ${token}`],
    [bytesOf(3), 'three lines'],
    [bytesOf(16) + token.length + bytesOf(2), 'behind it'],
  ])
  const points = [...screens.keys()].map((outputBytes, n) => ({
    ...{ at: n + 1, records: 0, outputBytes, atMs: 0, screenAt: 1 },
  }))
  const parts = source.index.points
  const index = { ...source.index, points: parts.map((part, n) => points[n] ?? part) }
  const screen: ExportSource['screen'] = ({ outputBytes }) =>
    Promise.resolve({
      ...{ outputBytes, cols: 80, rows: 24 },
      screen: new TextEncoder().encode(screens.get(outputBytes)),
    })
  const kept = async (redactions: typeof KNOWN_SECRETS): Promise<string[]> => {
    const page = await written('html', { ...source, index, screen }, redactions)
    const log = await (await openPacked(blocksIn(page)))!.source.terminal()
    const found = await Promise.all(log.index.points.map((point) => log.screen(point)))
    return found.flatMap((item) => (item ? [new TextDecoder().decode(item.screen)] : []))
  }
  expect(await kept([])).toEqual([...screens.values()])
  expect(await kept(KNOWN_SECRETS)).toEqual(['one line', 'three lines'])
  expect(await kept([wordRedaction('never said')!])).toEqual([...screens.values()])
})

test('records keep their number, times and lengths, wherever secrets stand in them', () => {
  const piece = fc.constantFrom('ab', 'big ', 'customer', 'big customer', token, 'é', '')
  fc.assert(
    fc.property(fc.array(piece), fc.integer({ min: 1, max: 5 }), (texts, size) => {
      const redactions = [...KNOWN_SECRETS, wordRedaction('big customer')!]
      const records = texts.map((text, n) => output(n, text))
      const redactor = createRecordRedactor(redactions)
      const done: TerminalRecord[] = []
      for (let at = 0; at < records.length; at += size)
        done.push(...redactor.push(records.slice(at, at + size)))
      done.push(...redactor.end())
      expect(textOf(done).join('')).toBe(redactText(texts.join(''), redactions))
      expect(done.map(({ monoMs }) => monoMs)).toEqual(records.map(({ monoMs }) => monoMs))
    }),
  )
})

test.each(['', '<script>1</script>', '{"format":"cloche-recording","version":2}'])(
  '%j is no page of ours',
  (text) => expect(blocksIn(text)).toEqual([]),
)

test('a page whose end is missing is refused', async () => {
  const page = await written('html', sourceOf(RECORDS, 9))
  const blocks = blocksIn(page.slice(0, page.indexOf('"tail"')))
  expect(blocks.length).toBeGreaterThan(0)
  expect(await openPacked(blocks)).toBeNull()
})
