import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeLine } from '../../../src/main/store/event-lines.ts'
import { createEventLog } from '../../../src/main/store/event-log.ts'
import { quietLog } from '../../helpers/pty-parts.ts'
import {
  eventOf,
  sampleEvents,
  sampleSession,
  sessionId,
  temporaryFolder,
} from '../../helpers/recording.ts'

const ID = sessionId(1)
const EVENTS = sampleEvents(ID, 6)

async function recorded(folder: string): Promise<string> {
  const store = createEventLog(folder, '0.0.0', quietLog)
  const [first, ...others] = EVENTS
  expect((await store.create(first!, ID)).ok).toBe(true)
  for (const event of others) store.append(ID, event)
  await store.flush()
  return join(folder, ID, 'events.log')
}

describe('event log', () => {
  it('gives back what was appended, in private files', async () => {
    await using folder = await temporaryFolder()
    const path = await recorded(folder.path)
    const store = createEventLog(folder.path, '0.0.0', quietLog)
    expect(await store.read(ID)).toEqual({ events: EVENTS, damage: [] })
    expect(await store.list()).toEqual([ID])
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder.path, ID))).mode & 0o777).toBe(0o700)
  })

  it('is read page by page, each once, also while it grows', async () => {
    await using folder = await temporaryFolder()
    const store = createEventLog(folder.path, '0.0.0', quietLog)
    await store.create(EVENTS[0]!, ID)
    const events = [EVENTS[0]!]
    // More than one reading of the file holds.
    const add = (count: number): void => {
      for (let n = 0; n < count; n++) {
        const title = `${n}`.padEnd(2000, '.')
        const event = eventOf(events.length, { type: 'session/renamed', title })
        events.push(event)
        store.append(ID, event)
      }
    }
    add(1500)
    const read: number[] = []
    let pages = 0
    for (let isLast = false; !isLast; pages++) {
      const page = await store.page(ID, read.length, 400)
      expect(page.events.length).toBeLessThanOrEqual(400)
      read.push(...page.events.map(({ seq }) => seq))
      isLast = page.isLast
    }
    expect(read).toEqual(events.map(({ seq }) => seq))
    expect(pages).toBeGreaterThan(3)
    add(3)
    expect((await store.page(ID, read.length, 400)).events).toEqual(events.slice(-3))
    // From anywhere, also further back than the last page.
    expect((await store.page(ID, 7, 2)).events).toEqual(events.slice(7, 9))
    expect(await store.page(ID, 5000, 400)).toEqual({ events: [], isLast: true })
    expect(await store.page(sessionId(2), 0, 400)).toEqual({ events: [], isLast: true })
    await store.flush()
  })

  it('has every event on disk half a second after it was appended', async () => {
    await using folder = await temporaryFolder()
    const store = createEventLog(folder.path, '0.0.0', quietLog)
    await store.create(EVENTS[0]!, ID)
    store.append(ID, EVENTS[1]!)
    await new Promise((done) => setTimeout(done, 450))
    const other = createEventLog(folder.path, '0.0.0', quietLog)
    expect((await other.read(ID))?.events).toEqual(EVENTS.slice(0, 2))
    await store.flush()
  })

  it('reads whole events of a log cut at any byte, writes nothing, and appends cleanly', async () => {
    await using folder = await temporaryFolder()
    const path = await recorded(folder.path)
    const whole = await readFile(path)
    const store = createEventLog(folder.path, '0.0.0', quietLog)
    for (let bytes = whole.length; bytes >= 0; bytes--) {
      await truncate(path, bytes)
      const found = await store.read(ID)
      const kept = found?.events ?? []
      expect(kept).toEqual(EVENTS.slice(0, kept.length))
      expect((await stat(path)).size).toBe(bytes)
      // Nothing but the last line may be missing.
      const lines = whole.subarray(0, bytes).toString().split('\n')
      expect(kept.length).toBeGreaterThanOrEqual(lines.length - 2)
    }
    // Back at a few telling places: within a line, before its newline, after it.
    for (const back of [1, 0, 40]) {
      await writeFile(path, whole.subarray(0, whole.length - back))
      const next = eventOf(100 + back, { type: 'session/renamed', title: 'later' })
      store.append(ID, next)
      await store.flush()
      const found = await store.read(ID)
      expect(found?.damage).toEqual([])
      expect(found?.events).toEqual([...EVENTS.slice(0, back > 1 ? 5 : 6), next])
    }
  })

  it('passes over and names the line of any flipped bit, and no other', async () => {
    await using folder = await temporaryFolder()
    const path = await recorded(folder.path)
    const whole = await readFile(path)
    const store = createEventLog(folder.path, '0.0.0', quietLog)
    for (let at = 0; at < whole.length; at += 7) {
      const flipped = Buffer.from(whole)
      flipped[at] = flipped[at]! ^ (1 << (at % 8))
      await writeFile(path, flipped)
      const found = await store.read(ID)
      const isHeader = at <= whole.indexOf('\n')
      expect(found?.damage.length, `byte ${at}`).toBe(1)
      const lost = EVENTS.filter(({ seq }) => !found?.events.some((event) => event.seq === seq))
      // A lost newline takes two lines with it; a header costs no event unless its newline goes.
      expect(lost.length).toBeLessThanOrEqual(isHeader ? 1 : 2)
      expect(found?.events.every((event) => EVENTS[event.seq] !== undefined)).toBe(true)
      for (const event of found?.events ?? []) expect(event).toEqual(EVENTS[event.seq])
    }
  })

  it('passes over sound events of a newer version without calling them damage', async () => {
    await using folder = await temporaryFolder()
    const path = await recorded(folder.path)
    const newer = {
      ...eventOf(6, { type: 'session/renamed', title: '' }),
      fact: { type: 'dream/had' },
    }
    await appendFile(path, encodeLine(newer as never))
    const store = createEventLog(folder.path, '0.0.0', quietLog)
    expect(await store.read(ID)).toEqual({ events: EVENTS, damage: [] })
  })

  it('sums up without reading the terminal log, and again after more was appended', async () => {
    await using folder = await temporaryFolder()
    await recorded(folder.path)
    const store = createEventLog(folder.path, '0.0.0', quietLog)
    store.append(ID, eventOf(6, { type: 'session/ended', exit: { kind: 'exited', code: 3 } }))
    // A sparse file of 4 GB: reading it would be noticed.
    await writeFile(store.terminalLogPath(ID), '')
    await truncate(store.terminalLogPath(ID), 4 * 1024 ** 3)
    const started = performance.now()
    const summary = await store.summary(ID)
    expect(performance.now() - started).toBeLessThan(1000)
    expect(summary).toMatchObject({
      session: {
        ...sampleSession(ID),
        status: 'ended',
        exit: { kind: 'exited', code: 3 },
        endedAtMs: 1_700_000_000_006,
      },
      terminalBytes: 4 * 1024 ** 3,
      durationMs: 6,
      events: 7,
      damage: [],
    })
    // The kept copy is used, and is not used once the log has grown.
    expect(await store.summary(ID)).toEqual(summary)
    store.append(ID, eventOf(7, { type: 'session/renamed', title: 'renamed' }))
    expect(await store.summary(ID)).toMatchObject({ session: { title: 'renamed' }, events: 8 })
    await store.flush()
  })

  it('refuses a second recording of one name and a folder it cannot write', async () => {
    await using folder = await temporaryFolder()
    await recorded(folder.path)
    const store = createEventLog(folder.path, '0.0.0', quietLog)
    expect((await store.create(EVENTS[0]!, ID)).ok).toBe(false)
    const nowhere = createEventLog(join(folder.path, 'missing'), '0.0.0', quietLog)
    expect((await nowhere.create(EVENTS[0]!, sessionId(2))).ok).toBe(false)
  })

  it('reads parts of a terminal log and removes a recording with all its files', async () => {
    await using folder = await temporaryFolder()
    await recorded(folder.path)
    const store = createEventLog(folder.path, '0.0.0', quietLog)
    expect(await store.readTerminalLog(ID, 0, 10)).toEqual(new Uint8Array(0))
    await writeFile(store.terminalLogPath(ID), 'abcdefgh')
    expect(Buffer.from(await store.readTerminalLog(ID, 2, 3)).toString()).toBe('cde')
    expect((await store.readTerminalLog(ID, 8, 3)).length).toBe(0)
    await store.remove(ID)
    expect(await store.list()).toEqual([])
    expect(await store.read(ID)).toBeNull()
    expect(await store.summary(ID)).toBeNull()
  })
})
