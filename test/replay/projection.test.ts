import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeLines, encodeLine } from '../../src/main/store/event-lines.ts'
import { TerminalId } from '../../src/shared/domain/ids.ts'
import { processKey } from '../../src/shared/domain/process.ts'
import type { Fact, TimelineEvent } from '../../src/shared/domain/timeline.ts'
import { emptyState, project, projectAll } from '../../src/shared/projection.ts'
import { decodeLog, encodeOutput, encodeResize } from '../../src/shared/terminal-log.ts'
import { eventOf, sampleSession, sessionId } from '../helpers/recording.ts'
import { search } from '../helpers/search.ts'

const session = sampleSession(sessionId(3))
const TERMINAL = TerminalId.parse('trm_0000000000000001')
const keys = ['10:1', '11:2', '12:3'] as const

const fact: fc.Arbitrary<Fact> = fc.oneof(
  fc.constant<Fact>({ type: 'session/created', session }),
  fc.constant<Fact>({ type: 'session/started', rootPid: 10 }),
  fc.constant<Fact>({ type: 'session/ended', exit: { kind: 'exited', code: 0 } }),
  fc.constant<Fact>({ type: 'session/interrupted', reason: 'x' }),
  fc.string().map((title): Fact => ({ type: 'session/renamed', title })),
  fc.nat().map((totalBytes): Fact => ({ type: 'terminal/active', bytes: 1, totalBytes })),
  fc
    .nat()
    .map(
      (totalBytes): Fact => ({ type: 'terminal/active', bytes: 1, totalBytes, terminal: TERMINAL }),
    ),
  fc.constant<Fact>({
    ...{ type: 'terminal/opened', terminal: TERMINAL, number: 1, key: processKey(10, 1) },
  }),
  fc.constant<Fact>({ type: 'terminal/ended', terminal: TERMINAL, exit: { kind: 'lost' } }),
  fc.constantFrom(...keys).map(
    (key): Fact => ({
      type: 'proc/started',
      node: {
        key: key as never,
        pid: 10,
        name: 'sh',
        argv: ['sh'],
        exe: null,
        innerPid: null,
        parent: null,
        cwd: null,
        state: 'R',
        cpuPercent: 1,
        rssBytes: 1,
        startedAtMs: 1,
        endedAtMs: null,
        exit: null,
      },
    }),
  ),
  fc
    .constantFrom(...keys)
    .map((key): Fact => ({ type: 'proc/ended', key: key as never, exit: { kind: 'lost' } })),
)

const events = fc
  .array(fact, { maxLength: 40 })
  .map((facts) => facts.map((each, seq) => eventOf(seq, each)))

const fileOf = (list: readonly TimelineEvent[]): Buffer => Buffer.concat(list.map(encodeLine))

describe('replay', () => {
  it('leaves the state it starts from as it was', () => {
    fc.assert(
      fc.property(events, fc.nat(40), (list, at) => {
        const half = projectAll(list.slice(0, at))
        projectAll(list.slice(at), half)
        expect(half).toEqual(projectAll(list.slice(0, at)))
      }),
      search(),
    )
  })

  it('event by event shows what all at once shows', () => {
    fc.assert(
      fc.property(events, (list) => {
        expect(list.reduce(project, emptyState)).toEqual(projectAll(list))
      }),
      search(),
    )
  })

  it('in two parts shows what one go shows', () => {
    fc.assert(
      fc.property(events, fc.nat(40), (list, at) => {
        const half = projectAll(list.slice(0, at))
        expect(projectAll(list.slice(at), half)).toEqual(projectAll(list))
      }),
      search(),
    )
  })

  it('from a file shows what was live', () => {
    fc.assert(
      fc.property(events, (list) => {
        const decoded = decodeLines(fileOf(list))
        expect(decoded.damage).toEqual([])
        expect(projectAll(decoded.events)).toEqual(projectAll(list))
      }),
      search(),
    )
  })

  it('of a file cut or changed anywhere shows only what was recorded, and names the damage', () => {
    fc.assert(
      fc.property(events, fc.nat(), fc.nat(255), fc.boolean(), (list, where, bits, isCut) => {
        const file = fileOf(list)
        fc.pre(file.length > 0 && bits !== 0)
        const at = where % file.length
        const harmed = Buffer.from(isCut ? file.subarray(0, at) : file)
        if (!isCut) harmed[at] = harmed[at]! ^ bits
        const decoded = decodeLines(harmed)
        for (const event of decoded.events) expect(event).toEqual(list[event.seq])
        const isWhole = decoded.events.length === list.length
        const isCutBetween = isCut && [file[at - 1] ?? 0x0a, file[at]].includes(0x0a)
        expect(isWhole || isCutBetween || decoded.damage.length > 0).toBe(true)
        projectAll(decoded.events)
      }),
      search(),
    )
  })

  it('of a terminal log cut or changed anywhere gives a beginning of what was recorded', () => {
    const record = fc.oneof(
      fc.uint8Array({ maxLength: 50 }).map((bytes) => encodeOutput(1, bytes)),
      fc.tuple(fc.nat(500), fc.nat(500)).map(([cols, rows]) => encodeResize(2, cols, rows)),
    )
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1 }),
        fc.nat(),
        fc.nat(255),
        (list, where, bits) => {
          const file = Buffer.concat(list)
          const all = decodeLog(file)
          expect(all.damage).toBe('none')
          const harmed = Buffer.from(file)
          harmed[where % file.length] = harmed[where % file.length]! ^ bits
          for (const bytes of [harmed, file.subarray(0, where % file.length)]) {
            const { records } = decodeLog(bytes)
            expect(records).toEqual(all.records.slice(0, records.length))
          }
        },
      ),
      search(),
    )
  })
})
