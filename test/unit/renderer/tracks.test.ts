import { describe, expect, test } from 'vitest'
import {
  axisTicks,
  boxOf,
  hitTest,
  layoutLanes,
  nameAt,
  panRange,
  zoomRange,
} from '../../../src/renderer/features/timeline-layout.ts'
import { createStateIndex } from '../../../src/renderer/stores/replay.ts'
import { createTrackBuilder } from '../../../src/renderer/stores/tracks.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'
import { projectAll } from '../../../src/shared/projection.ts'
import { eventsOf } from '../../visual/harness/events.ts'
import { SESSIONS } from '../../visual/harness/sessions.ts'

const events = eventsOf(SESSIONS[3]!)
const build = () => {
  const builder = createTrackBuilder()
  for (const event of events) builder.add(event)
  return builder.tracks
}

describe('tracks', () => {
  test('an answered prompt, a refusal, a failed program and an allowed connection', () => {
    const marks = build().marks.map(({ track, tone, label, startMs, endMs }) => ({
      track,
      tone,
      label,
      startMs,
      endMs,
    }))
    expect(marks).toContainEqual({
      track: 'prompts',
      tone: 'deny',
      label: 'telemetry.example.net',
      startMs: 140_000,
      endMs: 149_000,
    })
    expect(marks).toContainEqual({
      track: 'network',
      tone: 'deny',
      label: 'telemetry.example.net',
      startMs: 150_000,
      endMs: 150_020,
    })
    expect(marks).toContainEqual({
      track: 'processes',
      tone: 'failed',
      label: 'bash',
      startMs: 64_000,
      endMs: 118_000,
    })
    expect(marks).toContainEqual({
      track: 'network',
      tone: 'allow',
      label: 'api.anthropic.com',
      startMs: 1500,
      endMs: 25_500,
    })
  })

  test('what ends because the session was stopped has not failed', () => {
    const started = events.find((event) => event.fact.type === 'proc/started')!
    if (started.fact.type !== 'proc/started') throw new Error('no process in the fixture')
    const killed = {
      type: 'proc/ended',
      key: started.fact.node.key,
      exit: { kind: 'signalled', signal: 'SIGKILL' },
    } as const
    const toneAfter = (facts: readonly Fact[]) => {
      const builder = createTrackBuilder()
      ;[started.fact, ...facts].forEach((fact, seq) =>
        builder.add({ seq, atMs: seq, monoMs: seq, fact }),
      )
      return builder.tracks.marks[0]?.tone
    }
    expect(toneAfter([killed])).toBe('failed')
    expect(toneAfter([{ type: 'session/stopping', by: 'person' }, killed])).toBe('plain')
  })

  test('nothing is still going on after the end', () => {
    const tracks = build()
    expect(tracks.marks.filter((mark) => mark.endMs === null)).toEqual([])
    expect(tracks.lastMs).toBe(720_000)
  })

  test('what overlaps lies on different rows while there are any', () => {
    const rows = build().marks.filter(
      (mark) => mark.track === 'processes' && mark.startMs < 65_500 && mark.endMs! > 65_500,
    )
    expect(new Set(rows.map((mark) => mark.row)).size).toBe(rows.length)
  })
})

describe('layout', () => {
  const tracks = build()
  const size = { width: 900, height: 200 }
  const range = { fromMs: 0, toMs: 720_000 }

  test.each([[[]], [['files', 'network']]] as const)(
    'lanes fill the height without overlapping, pinned: %j',
    (pinned) => {
      const lanes = layoutLanes(200, pinned)
      lanes.slice(1).forEach((lane, index) => {
        expect(lane.y).toBeCloseTo(lanes[index]!.y + lanes[index]!.height)
      })
      expect(lanes.at(-1)!.y + lanes.at(-1)!.height).toBeLessThanOrEqual(201)
    },
  )

  test('a pinned track comes first and has more room', () => {
    const plain = layoutLanes(400, [])
    const lanes = layoutLanes(400, ['network'])
    const heightIn = (all: typeof lanes) => all.find(({ track }) => track === 'network')!.height
    expect(lanes.map(({ track }) => track).slice(0, 2)).toEqual(['network', 'prompts'])
    expect(heightIn(lanes)).toBeGreaterThan(heightIn(plain))
    expect(nameAt(lanes, { x: 20, y: lanes[0]!.y + 1 })).toBe('network')
    expect(nameAt(lanes, { x: 500, y: lanes[0]!.y + 1 })).toBeNull()
  })

  test('every mark in view is hit at its own middle, or hidden by a later one', () => {
    const lanes = layoutLanes(size.height, [])
    for (const mark of tracks.marks) {
      const lane = lanes.find((item) => item.track === mark.track)!
      const box = boxOf(mark, lane, range, size.width, 720_000)
      const hit = hitTest(
        tracks,
        lanes,
        { x: box.x + box.width / 2, y: box.y + box.height / 2 },
        range,
        size.width,
        720_000,
      )
      expect(hit?.track).toBe(mark.track)
      expect(hit?.row).toBe(mark.row)
    }
  })

  test('the names of the tracks are not marks', () => {
    const lanes = layoutLanes(size.height, [])
    expect(hitTest(tracks, lanes, { x: 20, y: 100 }, range, size.width, 720_000)).toBeNull()
  })

  test('zoom keeps the moment under the pointer; zoom and pan stay within the session', () => {
    const zoomed = zoomRange(range, 0.5, 180_000, 720_000)
    expect(zoomed).toEqual({ fromMs: 90_000, toMs: 450_000 })
    expect(zoomRange(zoomed, 100, 180_000, 720_000)).toEqual(range)
    expect(panRange(zoomed, -1_000_000, 720_000)).toEqual({ fromMs: 0, toMs: 360_000 })
    expect(panRange(zoomed, 1_000_000, 720_000)).toEqual({ fromMs: 360_000, toMs: 720_000 })
  })

  test('ticks are apart', () => {
    for (const toMs of [200, 5000, 720_000, 90_000_000]) {
      const ticks = axisTicks({ fromMs: 0, toMs }, 900)
      expect(ticks.length).toBeGreaterThan(1)
      expect(ticks.length).toBeLessThan(14)
    }
  })
})

test('the state at any moment is the same from every side', () => {
  const index = createStateIndex(events)
  for (const atMs of [720_000, 0, 100_000, 99_999, 400_000, 10, 650_000, 719_999, -1]) {
    const expected = projectAll(events.filter((event) => event.monoMs <= atMs))
    expect(index.at(atMs)).toEqual(expected)
  }
})
