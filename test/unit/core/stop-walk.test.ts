import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { ProcessRef, ProcessSignals } from '../../../src/main/core/ports.ts'
import { endProcesses } from '../../../src/main/core/process-end.ts'
import { createStopWalk } from '../../../src/main/core/stop-walk.ts'
import { sessionId } from '../../helpers/recording.ts'

const clock = { wallMs: () => Date.now(), monoMs: () => performance.now() }
const refs: readonly ProcessRef[] = [1, 2, 3].map((pid) => ({ pid, startTicks: 10 }))

/** Processes behind a channel: every answer takes a while, and a stop takes longer. */
function farAway() {
  const states = new Map(refs.map(({ pid }) => [pid, 'S']))
  const said: string[] = []
  const signals: ProcessSignals = {
    send: async ({ pid }, signal) => {
      await sleep(1)
      if (!states.has(pid)) return 'gone'
      said.push(`${signal} ${pid} while ${[...states.values()].join('')}`)
      if (signal === 'SIGSTOP') setTimeout(() => states.set(pid, 'T'), 5)
      if (signal === 'SIGCONT') states.set(pid, 'S')
      if (signal === 'SIGKILL') states.delete(pid)
      return 'sent'
    },
    state: async ({ pid }) => {
      await sleep(1)
      return states.get(pid) ?? null
    },
  }
  return { signals, states, said }
}

const scope = {
  sessionId: sessionId(1),
  isWholeSession: true,
  members: () => Promise.resolve(refs),
}

test('each process stands still before the next is stopped; they go on in the other order', async () => {
  const { signals, said } = farAway()
  const walk = createStopWalk(() => signals, clock)
  expect(await walk.freeze(scope)).toEqual({ affected: 3, remained: 0 })
  expect(said.splice(0)).toEqual([
    'SIGSTOP 1 while SSS',
    'SIGSTOP 2 while TSS',
    'SIGSTOP 3 while TTS',
  ])
  expect(await walk.thaw(scope)).toEqual({ affected: 3, remained: 0 })
  expect(said).toEqual(['SIGCONT 3 while TTT', 'SIGCONT 2 while TTS', 'SIGCONT 1 while TSS'])
})

test('ending waits for what it asks, and counts what is left', async () => {
  const { signals, states } = farAway()
  const members = () => Promise.resolve(refs)
  expect(await endProcesses({ signals, clock, members, graceMs: 0 })).toEqual({
    affected: 3,
    remained: 0,
  })
  expect(states.size).toBe(0)
})
