import { truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Clock } from '../../../src/main/core/ports.ts'
import { createTimeline, type Timeline } from '../../../src/main/core/timeline.ts'
import { createEventLog } from '../../../src/main/store/event-log.ts'
import { type ProcessNode, processKey } from '../../../src/shared/domain/process.ts'
import type { Fact, TimelineEvent } from '../../../src/shared/domain/timeline.ts'
import { projectAll } from '../../../src/shared/projection.ts'
import { LIMITS } from '../../../src/shared/rpc/frames.ts'
import { quietLog } from '../../helpers/pty-parts.ts'
import { sampleSession, sessionId, temporaryFolder } from '../../helpers/recording.ts'

const ID = sessionId(1)
const NODE: Omit<ProcessNode, 'key' | 'pid'> = {
  ...{ innerPid: null, parent: null, name: 'sh', argv: ['sh'], exe: null, cwd: null },
  ...{ state: 'R', cpuPercent: 0, rssBytes: 1, startedAtMs: 1, endedAtMs: null, exit: null },
}

/** A clock that is set by hand; the wall clock may jump. */
function handClock(): Clock & { wall: number; mono: number } {
  const clock = {
    wall: 1_700_000_000_000,
    mono: 5000,
    wallMs: () => clock.wall,
    monoMs: () => clock.mono,
  }
  return clock
}

function open(folder: string): {
  timeline: Timeline
  clock: ReturnType<typeof handClock>
  read: (fromSeq: number) => Promise<TimelineEvent[]>
} {
  const clock = handClock()
  const store = createEventLog(folder, '0.0.0', quietLog)
  return {
    timeline: createTimeline({ store, clock, log: quietLog, blot: (_, fact) => fact }),
    clock,
    read: async (fromSeq) => (await store.page(ID, fromSeq, 10_000)).events,
  }
}

/** Everything a watcher was pushed, as one list. */
function watched(timeline: Timeline): {
  events: TimelineEvent[]
  batches: number[]
  stop: () => void
} {
  const events: TimelineEvent[] = []
  const batches: number[] = []
  const stop = timeline.watch(ID)((frame) => {
    const part = frame.type === 'snapshot' ? frame.state : frame.change
    expect(frame.seq).toBe(part.at(-1)?.seq ?? -1)
    batches.push(part.length)
    events.push(...part)
  })
  return { events, batches, stop }
}

const settled = (): Promise<void> => new Promise((done) => setTimeout(done, 100))

describe('timeline', () => {
  it('stamps in order on a clock that never runs back', async () => {
    await using folder = await temporaryFolder()
    const { timeline, clock, read } = open(folder.path)
    await timeline.create(sampleSession(ID))
    expect(timeline.monoOriginMs(ID)).toBe(5000)
    clock.mono += 250
    timeline.append(ID, { type: 'session/started', rootPid: 7 })
    clock.wall -= 86_400_000
    clock.mono -= 100
    timeline.append(ID, { type: 'session/renamed', title: 'new' })
    const events = await read(0)
    expect(events.map(({ seq, monoMs }) => [seq, monoMs])).toEqual([
      [0, 0],
      [1, 250],
      [2, 250],
    ])
    expect(timeline.state(ID)).toEqual(projectAll(events))
    expect((await read(2)).length).toBe(1)
  })

  it('tells facts that became known together in frames, and forgets processes that ended', async () => {
    await using folder = await temporaryFolder()
    const { timeline, read } = open(folder.path)
    await timeline.create(sampleSession(ID))
    const watcher = watched(timeline)
    await settled()
    const facts = Array.from({ length: LIMITS.eventBatch + 10 }, (_, index): Fact[] => {
      const key = processKey(index + 1, 1)
      const exit = { kind: 'exited', code: 0 } as const
      return [
        { type: 'proc/started', node: { ...NODE, key, pid: index + 1 } },
        ...(index === 0 ? [] : [{ type: 'proc/ended' as const, key, exit, endedAtMs: 7 }]),
      ]
    }).flat()
    timeline.appendAll(ID, facts)
    expect(watcher.batches).toEqual([1, 500, 500, 19])
    expect([...(timeline.state(ID)?.processes.keys() ?? [])]).toEqual(['1:1'])
    const { processes } = projectAll(await read(0))
    expect(processes.size).toBe(LIMITS.eventBatch + 10)
    expect(processes.get(processKey(2, 1))).toMatchObject({ endedAtMs: 7 })
    watcher.stop()
  })

  it('gives one who watches every event once, in batches, whenever it joined', async () => {
    await using folder = await temporaryFolder()
    const { timeline, read } = open(folder.path)
    await timeline.create(sampleSession(ID))
    const early = watched(timeline)
    for (let n = 0; n < 1200; n++)
      timeline.append(ID, { type: 'terminal/active', bytes: 1, totalBytes: n + 1 })
    const late = watched(timeline)
    for (let n = 0; n < 20; n++) timeline.append(ID, { type: 'session/renamed', title: `${n}` })
    await settled()
    timeline.append(ID, { type: 'session/renamed', title: 'last' })
    const stopped = watched(timeline)
    stopped.stop()
    await settled()
    const all = await read(0)
    expect(all.length).toBe(1222)
    expect(early.events).toEqual(all)
    expect(late.events).toEqual(all)
    expect(Math.max(...late.batches)).toBeLessThanOrEqual(LIMITS.eventBatch)
    expect(stopped.events).toEqual([])
  })

  it('tells of a session only when what a list shows of it changed', async () => {
    await using folder = await temporaryFolder()
    const { timeline, read } = open(folder.path)
    const titles: string[] = []
    timeline.onSessionChange(({ title }) => titles.push(title))
    await timeline.create(sampleSession(ID))
    timeline.append(ID, { type: 'terminal/active', bytes: 1, totalBytes: 1 })
    timeline.append(ID, { type: 'session/renamed', title: 'new' })
    expect(titles).toEqual(['true', 'new'])
    await timeline.remove(ID)
    timeline.append(ID, { type: 'session/renamed', title: 'late' })
    expect(timeline.sessions()).toEqual([])
    expect(await read(0)).toEqual([])
  })

  it('closes what ran when everything was killed, at the last moment that is known', async () => {
    await using folder = await temporaryFolder()
    const first = open(folder.path)
    await first.timeline.create(sampleSession(ID))
    first.clock.mono += 900
    first.clock.wall += 900
    first.timeline.append(ID, { type: 'session/started', rootPid: 7 })
    first.timeline.append(ID, { type: 'terminal/active', bytes: 9, totalBytes: 9 })
    const before = await first.read(0)
    // Killed in the middle of a line; found a week later.
    const log = join(folder.path, ID, 'events.log')
    const { stat } = await import('node:fs/promises')
    await truncate(log, (await stat(log)).size - 3)
    const second = open(folder.path)
    second.clock.wall += 7 * 86_400_000
    await second.timeline.recover()
    const session = second.timeline.state(ID)?.session
    expect(session).toMatchObject({ status: 'interrupted', exit: { kind: 'lost' } })
    expect(session?.endedAtMs).toBe(1_700_000_000_900)
    const events = await second.read(0)
    expect(events.slice(0, 2)).toEqual(before.slice(0, 2))
    expect(events.slice(2).map(({ fact }) => fact.type)).toEqual([
      'recording/damaged',
      'session/interrupted',
    ])
    expect(events.map(({ seq }) => seq)).toEqual([0, 1, 2, 3])

    // A third start finds it closed, adds nothing, and can still rename it.
    const third = open(folder.path)
    await third.timeline.recover()
    expect(await third.read(0)).toEqual(events)
    third.timeline.append(ID, { type: 'session/renamed', title: 'kept' })
    const fourth = open(folder.path)
    await third.read(0)
    await fourth.timeline.recover()
    expect(fourth.timeline.sessions()).toEqual([{ ...session, title: 'kept' }])
    expect(fourth.timeline.state(ID)?.monoMs).toBe(900)
  })

  it('says what the disk said when a recording cannot be made', async () => {
    await using folder = await temporaryFolder()
    const { timeline } = open(join(folder.path, 'missing'))
    expect(await timeline.create(sampleSession(ID))).toMatchObject({
      ok: false,
      error: { type: 'state_unwritable' },
    })
    expect(timeline.sessions()).toEqual([])
  })
})
