import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { connectionStore } from '../../../src/renderer/connection.ts'
import { follow } from '../../../src/renderer/stores/live.ts'
import type { Frame } from '../../../src/shared/contract/define.ts'
import type { Connection } from '../../../src/shared/rpc/client.ts'

type Push = (frame: Frame<string, string>) => void

/** A host whose stream the test drives by hand. */
function setUp(numbered?: 'frames' | 'changes') {
  const pushes: Push[] = []
  const ended: number[] = []
  const seen: string[] = []
  let answer: 'gap' | undefined
  const stop = follow<string, string>(
    (_, push) => {
      const index = pushes.push(push) - 1
      return () => ended.push(index)
    },
    {
      snapshot: (state) => seen.push(`=${state}`),
      delta: (change) => {
        seen.push(`+${change}`)
        return answer
      },
      lost: () => seen.push('lost'),
    },
    numbered,
  )
  return {
    seen,
    ended,
    stop,
    pushes,
    refuse: () => {
      answer = 'gap'
    },
    snapshot: (seq: number, state: string) => pushes.at(-1)!({ type: 'snapshot', seq, state }),
    delta: (seq: number, change: string) => pushes.at(-1)!({ type: 'delta', seq, change }),
  }
}

const connect = () =>
  connectionStore.setState(
    { type: 'connected', connection: { api: {} } as unknown as Connection },
    true,
  )

describe('following a stream', () => {
  beforeEach(connect)
  afterEach(() => connectionStore.setState({ type: 'connecting' }, true))

  test('changes that come before the snapshot wait for it', () => {
    const host = setUp()
    host.delta(5, 'old')
    host.delta(6, 'next')
    host.snapshot(5, 'all')
    host.delta(7, 'more')
    expect(host.seen).toEqual(['=all', '+next', '+more'])
  })

  test('a gap subscribes anew, once, and takes nothing of the old subscription', () => {
    const host = setUp()
    host.snapshot(0, 'all')
    host.delta(2, 'late')
    expect(host.pushes).toHaveLength(2)
    expect(host.ended).toEqual([0])
    host.pushes[0]!({ type: 'delta', seq: 3, change: 'stray' })
    host.snapshot(3, 'again')
    expect(host.seen).toEqual(['=all', '=again'])
  })

  test('where changes are numbered themselves, the target says when one is missing', () => {
    const host = setUp('changes')
    host.snapshot(0, 'all')
    host.delta(40, 'a')
    expect(host.pushes).toHaveLength(1)
    host.refuse()
    host.delta(41, 'b')
    expect(host.pushes).toHaveLength(2)
  })

  test('a lost connection is told once, and the next one is followed', () => {
    const host = setUp()
    host.snapshot(0, 'all')
    connectionStore.setState({ type: 'reconnecting', attempt: 1, sinceMs: 0 }, true)
    connectionStore.setState({ type: 'reconnecting', attempt: 2, sinceMs: 0 }, true)
    connect()
    host.snapshot(9, 'new')
    expect(host.seen).toEqual(['=all', 'lost', '=new'])
    host.stop()
    connect()
    expect(host.pushes).toHaveLength(2)
  })
})

test('the clock of the numbers', async () => {
  vi.useFakeTimers()
  const { throttle } = await import('../../../src/renderer/stores/throttle.ts')
  const runs: number[] = []
  const { request } = throttle(() => runs.push(Date.now()), 250)
  const startMs = Date.now()
  for (let i = 0; i < 100; i++) {
    request()
    vi.advanceTimersByTime(10)
  }
  vi.advanceTimersByTime(1000)
  expect(runs.map((at) => at - startMs)).toEqual([0, 250, 500, 750, 1000])
  vi.useRealTimers()
})
