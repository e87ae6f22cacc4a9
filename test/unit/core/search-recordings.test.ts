import { expect, test } from 'vitest'
import { type SearchReading, searchRecordings } from '../../../src/main/core/search-recordings.ts'
import type { SessionId, TerminalId } from '../../../src/shared/domain/ids.ts'
import type { SearchCursor, SearchHit } from '../../../src/shared/domain/search.ts'
import type { TimelineEvent } from '../../../src/shared/domain/timeline.ts'
import { encodeOutput } from '../../../src/shared/terminal-log.ts'
import { joined } from '../../../src/shared/joined.ts'
import { eventOf, sampleEvents, sessionId } from '../../helpers/recording.ts'
import { indexOfLog } from '../../helpers/terminal-logs.ts'

const LINE = `${'words that nobody looks for '.repeat(2300)}\r\n`
const encoder = new TextEncoder()

/** So many mebibytes of output, with these texts at their ends. */
function logOf(mebibytes: number, ...ends: string[]): Uint8Array {
  const records: Uint8Array[] = []
  for (let n = 0; n < mebibytes * 16; n++) records.push(encodeOutput(n, encoder.encode(LINE)))
  for (const [n, end] of ends.entries()) records.push(encodeOutput(90_000 + n, encoder.encode(end)))
  return joined(records)
}

interface Recorded {
  readonly log: Uint8Array
  readonly events: readonly TimelineEvent[]
  readonly further?: ReadonlyMap<TerminalId, Uint8Array>
}

function readingOf(recordings: ReadonlyMap<SessionId, Recorded>): SearchReading {
  const of = (id: SessionId) => recordings.get(id)!
  const bytesOf = (id: SessionId, terminal: TerminalId | null = null): Uint8Array =>
    (terminal === null ? of(id).log : of(id).further?.get(terminal)) ?? new Uint8Array()
  return {
    indexes: { index: (id, terminal) => Promise.resolve(indexOfLog(bytesOf(id, terminal))) },
    store: {
      readTerminalLog: (id, at, length, terminal) =>
        Promise.resolve(bytesOf(id, terminal).subarray(at, at + length)),
      terminals: (id) => Promise.resolve([...(of(id).further?.keys() ?? [])]),
      page: (id, from, most) => {
        const left = of(id).events.filter(({ seq }) => seq >= from)
        return Promise.resolve({ events: left.slice(0, most), isLast: left.length <= most })
      },
    },
  }
}

/** Page by page; how many there were. */
async function all(reading: SearchReading, ids: readonly SessionId[], words: string) {
  const hits: SearchHit[] = []
  let pages = 0
  for (let from: SearchCursor | null = null; ; ) {
    const page = await searchRecordings(reading, ids, words, from)
    hits.push(...page.hits)
    pages++
    from = page.next
    if (!from) return { hits, pages }
    expect(pages).toBeLessThan(100)
  }
}

const named = (n: number, name: string) => eventOf(n, { type: 'net/resolved', name })

test('all of each recording is looked through, its end as well, in several answers', async () => {
  const [long, short, quiet] = [sessionId(1), sessionId(2), sessionId(3)]
  const events = [...sampleEvents(short, 12_000), named(12_000, 'needle.test')]
  const reading = readingOf(
    new Map([
      [long, { log: logOf(70, 'a nee', 'dle at the end'), events: sampleEvents(long, 1) }],
      [short, { log: logOf(0, 'another\x1b[1m needle\x1b[0m here'), events }],
      [quiet, { log: new Uint8Array(), events: [] }],
    ]),
  )
  const { hits, pages } = await all(reading, [long, short, quiet], 'NEEDLE')
  expect(hits.map(({ sessionId: id, place, atMs }) => [id, place, atMs])).toEqual([
    ...[
      [long, 'terminal', 90_000],
      [short, 'terminal', 90_000],
      [short, 'event', 12_000],
    ],
  ])
  expect(hits[1]?.excerpt).toContain('another needle here')
  expect(pages).toBeGreaterThan(3)
})

test('of one recording a few hits are enough; words of nothing find nothing', async () => {
  const [first, second] = [sessionId(1), sessionId(2)]
  const events = Array.from({ length: 9 }, (_, n) => named(n, 'needle.test'))
  const log = logOf(0, 'needle '.repeat(3))
  const reading = readingOf(new Map([first, second].map((id) => [id, { log, events }])))
  const { hits } = await all(reading, [first, second], 'needle')
  expect(hits.filter(({ sessionId: id }) => id === first)).toHaveLength(5)
  expect(hits.map(({ place }) => place).slice(0, 5)).toEqual([
    ...['terminal', 'terminal', 'terminal', 'event', 'event'],
  ])
  expect(hits).toHaveLength(10)
  expect((await all(reading, [first, second], 'never said')).hits).toEqual([])
  expect(await all(reading, [first], '  ')).toEqual({ hits: [], pages: 1 })
})

test('further terminals are looked through, after the agent’s and before the events', async () => {
  const id = sessionId(1)
  const further = new Map(
    ['trm_0000000000000001', 'trm_0000000000000002'].map((name, n) => [
      name as TerminalId,
      logOf(0, n === 0 ? 'nothing' : 'a needle in the second'),
    ]),
  )
  const events = [named(1, 'needle.test')]
  const reading = readingOf(new Map([[id, { log: logOf(0, 'a needle'), events, further }]]))
  const { hits } = await all(reading, [id], 'needle')
  expect(hits.map(({ place, excerpt }) => [place, excerpt.trim()])).toEqual([
    ['terminal', 'a needle'],
    ['terminal', 'a needle in the second'],
    ['event', expect.stringContaining('needle.test')],
  ])
})

test('a recording that is removed meanwhile is passed over', async () => {
  const [first, second] = [sessionId(1), sessionId(2)]
  const log = logOf(0, 'needle')
  const reading = readingOf(new Map([[second, { log, events: [] }]]))
  const from = {
    sessionId: first,
    number: 0,
    place: 'terminal',
    terminal: null,
    at: 3,
    found: 0,
  } as const
  const page = await searchRecordings(reading, [second], 'needle', from)
  expect(page).toMatchObject({ hits: [{ sessionId: second }], next: null, done: 1 })
})
