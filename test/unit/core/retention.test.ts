import { describe, expect, test } from 'vitest'
import { expired } from '../../../src/main/core/retention.ts'
import type { SessionId } from '../../../src/shared/domain/ids.ts'
import type { Session } from '../../../src/shared/domain/session.ts'
import { sampleSession, sessionId } from '../../helpers/recording.ts'

const DAY = 24 * 3600 * 1000
const NOW = 100 * DAY
const ended = (n: number, daysAgo: number): Session => ({
  ...sampleSession(sessionId(n)),
  ...{ status: 'ended', endedAtMs: NOW - daysAgo * DAY },
})
const SESSIONS = [ended(1, 1), ended(2, 40), ended(3, 10), ended(4, 90)]
const bytes = new Map<SessionId, number>(SESSIONS.map(({ id }) => [id, 10]))
const gone = (retention: Partial<Parameters<typeof expired>[2]>, sessions = SESSIONS) =>
  expired(sessions, bytes, { days: null, bytes: null, kept: [], ...retention }, NOW).map((id) =>
    Number(`0x${id.slice(4)}`),
  )

describe('what has to go', () => {
  test('is nothing unless something is said', () => expect(gone({})).toEqual([]))
  test('is what is older', () => expect(gone({ days: 30 })).toEqual([4, 2]))
  test('is the oldest, until the rest fits', () => {
    expect(gone({ bytes: 40 })).toEqual([])
    expect(gone({ bytes: 39 })).toEqual([4])
    expect(gone({ bytes: 15 })).toEqual([4, 2, 3])
    expect(gone({ bytes: 1 })).toEqual([4, 2, 3, 1])
  })
  test('is never what is kept, nor what runs', () => {
    expect(gone({ days: 30, kept: [sessionId(4)] })).toEqual([2])
    const running = { ...ended(4, 90), status: 'running' as const, endedAtMs: null }
    expect(gone({ days: 1, bytes: 1 }, [...SESSIONS.slice(0, 3), running])).toEqual([2, 3, 1])
  })
  test('is never what has a copy that nobody applied or discarded', () => {
    const open = { ...ended(4, 90), review: 'open' as const }
    const closed = { ...ended(2, 40), review: 'closed' as const }
    expect(gone({ days: 30, bytes: 1 }, [open, closed])).toEqual([2])
  })
})
