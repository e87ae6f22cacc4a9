import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createExportScreen } from '../../../src/main/cli/export-screen.ts'
import { openPacked } from '../../../src/renderer/stores/packed-recording.ts'
import { ContentHash } from '../../../src/shared/domain/file-changes.ts'
import { TerminalId } from '../../../src/shared/domain/ids.ts'
import { processKey } from '../../../src/shared/domain/process.ts'
import type { TimelineEvent } from '../../../src/shared/domain/timeline.ts'
import { exportRecording } from '../../../src/shared/recording/export-recording.ts'
import type {
  ExportFormat,
  ExportSource,
  ExportTerminal,
} from '../../../src/shared/recording/export-source.ts'
import { lookThrough } from '../../../src/shared/recording/hits.ts'
import { blocksIn, type PageParts } from '../../../src/shared/recording/offline-page.ts'
import {
  KNOWN_SECRETS,
  redactText,
  wordRedaction,
} from '../../../src/shared/recording/redaction.ts'
import { createRecordRedactor } from '../../../src/shared/recording/redacted-records.ts'
import { latin } from '../../../src/shared/recording/terminal-text.ts'
import { UNICODE_VERSION } from '../../../src/shared/terminal-settings.ts'
import { headlessTerminal } from '../../../src/main/pty/xterm-headless.ts'
import type { Keyframe, TerminalRecord } from '../../../src/shared/terminal-log.ts'
import { terminalsIn } from '../../../src/shared/recording/terminal-lines.ts'
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
function terminalOf(records: readonly TerminalRecord[], size: number): ExportTerminal {
  const count = Math.max(1, Math.ceil(records.length / size))
  const point = { at: 0, records: 0, outputBytes: 0, atMs: 0, screenAt: null }
  return {
    index: {
      points: Array.from({ length: count }, () => point),
      ...{ bytes: 0, records: records.length, outputBytes: 0, durationMs: 100, damage: 'none' },
      ...{ active: [], commands: [] },
    },
    part: (n) => Promise.resolve(records.slice(n * size, (n + 1) * size)),
    screen: () => Promise.resolve(null),
  }
}

function sourceOf(records: readonly TerminalRecord[], size: number): ExportSource {
  return ofTerminals(new Map([[null, terminalOf(records, size)]]))
}

function ofTerminals(
  terminals: ReadonlyMap<TerminalId | null, ExportTerminal>,
  events = EVENTS,
): ExportSource {
  return {
    terminal: (id) => {
      const found = terminals.get(id)
      return found ? Promise.resolve(found) : Promise.reject(new Error('no such terminal'))
    },
    markers: [{ atMs: 7, label: `Agent: use ${token}` }],
    content: () => Promise.resolve(`token=${token}\n`),
    async *events() {
      for (const event of events) yield Promise.resolve([event])
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
  terminal: TerminalId | null = null,
): Promise<string> {
  let share = 0
  const progress = (now: number): void => {
    expect(now).toBeGreaterThanOrEqual(share)
    share = now
  }
  const leaving = {
    ...{ source, session, terminal, redactions, progress, createScreen: createExportScreen },
    labelOf: ({ type }: { type: string }): string => type,
  }
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
    const log = await packed.source.terminal(null)
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
    expect((await (await packed.source.terminal(null)).part(0)).records).toEqual(RECORDS)
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
  const log = await (await openPacked(blocks))!.source.terminal(null)
  expect(log.index.points.length).toBeGreaterThan(2)
  const back: TerminalRecord[] = []
  for (let n = 0; n < log.index.points.length; n++) back.push(...(await log.part(n)).records)
  expect(textOf(back).join('').slice(-200_000)).toBe(textOf(records).join('').slice(-200_000))
  expect(back).toHaveLength(RECORDS.length + records.length)
  expect(await log.find('5999 some', () => false)).toEqual([5999])
})

test('screens leave with it, those of the recording up to the first thing that is taken out', async () => {
  const clean = Array.from({ length: 16 }, (_, n) =>
    output(n, `${n} ${'plain words '.repeat(5000)}\r\n`),
  )
  const bytesOf = (count: number): number => textOf(clean.slice(0, count)).join('').length
  const agent = terminalOf([...clean, output(60, token), ...clean], 2)
  const screens = new Map([
    [bytesOf(1), 'one line'],
    [bytesOf(2), `a screen with ${token}`],
    [bytesOf(3), 'three lines'],
    [bytesOf(16) + token.length + bytesOf(2), 'behind it'],
  ])
  const points = [...screens.keys()].map((outputBytes, n) => ({
    ...{ at: n + 1, records: 0, outputBytes, atMs: 0, screenAt: 1 },
  }))
  const parts = agent.index.points
  const index = { ...agent.index, points: parts.map((part, n) => points[n] ?? part) }
  const screen: ExportTerminal['screen'] = ({ outputBytes }) =>
    Promise.resolve({
      ...{ outputBytes, cols: 80, rows: 24 },
      screen: new TextEncoder().encode(screens.get(outputBytes)),
    })
  const kept = async (redactions: typeof KNOWN_SECRETS): Promise<string[]> => {
    const source = ofTerminals(new Map([[null, { ...agent, index, screen }]]))
    const page = await written('html', source, redactions)
    const log = await (await openPacked(blocksIn(page)))!.source.terminal(null)
    const found = await Promise.all(log.index.points.map((point) => log.screen(point)))
    return found.flatMap((item) => (item ? [new TextDecoder().decode(item.screen)] : []))
  }
  expect(await kept([])).toEqual([...screens.values()])
  const [first, second, ...drawn] = await kept(KNOWN_SECRETS)
  expect([first, second]).toEqual(['one line', 'three lines'])
  expect(drawn).toHaveLength(3)
  expect(drawn[0]).toContain('plain words')
  expect(await kept([wordRedaction('never said')!])).toEqual([...screens.values()])
}, 20_000)

describe('behind what was taken out', () => {
  const redactions = [wordRedaction('the customer')!]
  /** Lines, colours and jumps about the screen, some of it to be taken out. */
  const step = fc.oneof(
    fc.constantFrom(
      'the customer ',
      'plain words ',
      'é',
      '\r\n',
      '\x1b[31mred',
      '\x1b[0m',
      '\x1b[H',
    ),
    fc.constantFrom('\x1b[2J', '\x1b[5;9H', '\x1b[K', '\x1b[', '3', '4m', '\x1b]2;title\x07', '\t'),
  )
  const SCREENFUL = 'words that fill a line of the screen quite well\r\n'.repeat(700)

  const shown = async (records: readonly TerminalRecord[], screen?: Keyframe) => {
    const { cols, rows } = screen ?? { cols: 80, rows: 24 }
    const terminal = headlessTerminal({ cols, rows }, 10, UNICODE_VERSION, silent)
    const write = (bytes: Uint8Array) =>
      new Promise<void>((resolve) => terminal.write(bytes, resolve))
    if (screen) await write(screen.screen)
    for (const record of records)
      if (record.kind === 'output') await write(record.bytes)
      else terminal.resize(record.cols, record.rows)
    const buffer = terminal.buffer.active
    const lines = Array.from({ length: terminal.rows }, (_, row) =>
      buffer.getLine(buffer.baseY + row)?.translateToString(true),
    )
    const { cursorX, cursorY } = buffer
    terminal.dispose()
    return { lines, cursorX, cursorY }
  }

  test('a replay that begins at a screen shows what one from the beginning shows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 60, maxLength: 90 }), async (texts) => {
        const records = [
          ...[
            output(0, 'the customer'),
            { kind: 'resize', monoMs: 1, cols: 90, rows: 20 } as const,
          ],
          ...texts.map((text, n) => output(n + 2, n % 2 === 0 ? SCREENFUL + text : text)),
        ]
        const page = await written('html', sourceOf(records, 7), redactions)
        const log = await (await openPacked(blocksIn(page)))!.source.terminal(null)
        const before: TerminalRecord[] = []
        let screens = 0
        for (const [n, point] of log.index.points.entries()) {
          const screen = await log.screen(point)
          if (screen) {
            screens++
            expect(latin(screen.screen)).not.toContain('the customer')
            expect(await shown([], screen)).toEqual(await shown(before))
          }
          before.push(...(await log.part(n)).records)
        }
        expect(screens).toBeGreaterThan(0)
      }),
      { numRuns: 4 },
    )
  }, 60_000)
})

describe('the terminals besides the agent’s', () => {
  const further = [TerminalId.parse('trm_00000001'), TerminalId.parse('trm_00000002')]
  const events = [
    ...EVENTS,
    ...further.flatMap((terminal, n) => [
      eventOf(7 + n, {
        type: 'terminal/opened',
        terminal,
        number: n + 1,
        key: processKey(n + 1, 1),
      }),
      eventOf(9 + n, { type: 'terminal/ended', terminal, exit: { kind: 'exited', code: n } }),
    ]),
  ]
  // Larger than a block, so that the next one's come behind several.
  const long = (words: string, from: number): TerminalRecord[] =>
    Array.from({ length: 6 }, (_, n) =>
      output(from + n, `${words} `.repeat(200_000 / (words.length + 1))),
    )
  const first = [
    output(20, `one ${token.slice(0, 20)}`),
    output(21, token.slice(20)),
    ...long('first', 22),
  ]
  const second: TerminalRecord[] = [
    { kind: 'resize', monoMs: 23, cols: 90, rows: 9 },
    output(24, 'second second'),
  ]
  const source = ofTerminals(
    new Map<TerminalId | null, ExportTerminal>([
      [null, terminalOf([...RECORDS, output(31, 'agent agent')], 9)],
      [further[0]!, terminalOf(first, 1)],
      [further[1]!, terminalOf(second, 9)],
    ]),
    events,
  )

  test('are looked through, and what is found in them is counted', async () => {
    const looked = await lookThrough(source, KNOWN_SECRETS, silent)
    expect(looked.further.map(({ number }) => number)).toEqual([1, 2])
    expect(looked.found[0]!.count).toBe(6)
    expect(looked.found[0]!.hits.find(({ place }) => place === 1)).toMatchObject({ atMs: 20 })
  })

  test('leave in a page, each as it was but for what is taken out', async () => {
    const page = await written('html', source)
    const packed = (await openPacked(blocksIn(page)))!
    const read = async (id: TerminalId | null): Promise<TerminalRecord[]> => {
      const log = await packed.source.terminal(id)
      const records: TerminalRecord[] = []
      for (let n = 0; n < log.index.points.length; n++) records.push(...(await log.part(n)).records)
      return records
    }
    const [one, two, three] = [await read(further[0]!), await read(further[1]!), await read(null)]
    expect(textOf(one)[0]).toBe(`one ${'*'.repeat(20)}`)
    expect(textOf(one).at(-1) === textOf(first).at(-1)).toBe(true)
    expect(two).toEqual(second)
    expect(textOf(three).at(-1)).toBe('agent agent')
    expect(packed.taken).toEqual([{ name: 'GitHub tokens', count: 6 }])
    const log = await packed.source.terminal(further[1]!)
    expect(await log.find('second second', () => false)).toEqual([24])
  })

  test('leave as lines of JSON, from which they are read again', async () => {
    const text = await written('jsonl', source)
    expect(text).not.toContain(token.slice(20))
    const back = terminalsIn(text)
    expect([...back.keys()]).toEqual([null, ...further])
    expect(textOf(back.get(further[0]!)!)[0]).toBe(`one ${'*'.repeat(20)}`)
    expect(back.get(further[1]!)![0]).toEqual(second[0])
    expect(textOf(back.get(null)!)[0]).toBe(`é ${'*'.repeat(9)}`)
  })

  test('leave as a cast one at a time, the agent’s unless another is chosen', async () => {
    const cast = (id: TerminalId | null) => written('cast3', source, KNOWN_SECRETS, id)
    const chosen = await cast(further[1]!)
    expect(chosen).toContain('second second')
    expect(chosen).not.toContain('first first')
    expect(chosen.split('\n')[0]).toContain(', terminal 2')
    expect(chosen.trimEnd().split('\n').at(-1)).toContain('"x","1"')
    expect(chosen).not.toContain('Agent: use')
    expect(await cast(null)).toContain('agent agent')
    expect(await cast(null)).not.toContain('second second')
  })
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
