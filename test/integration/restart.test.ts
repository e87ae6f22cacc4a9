import { type ChildProcess, fork } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTimeline } from '../../src/main/core/timeline.ts'
import { createEventLog } from '../../src/main/store/event-log.ts'
import { lockInstance } from '../../src/main/store/instance-lock.ts'
import { bundleEntry, removeBundles, until } from '../helpers/pty.ts'
import { quietLog } from '../helpers/pty-parts.ts'
import { sessionId, temporaryFolder } from '../helpers/recording.ts'

let writer: string
const running: ChildProcess[] = []

beforeAll(async () => {
  writer = await bundleEntry('test/fixtures/event-writer.ts', 'event-writer')
})
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await removeBundles()
})

/** A process that holds the data folder and appends an event every few milliseconds. */
async function startWriter(folder: string, number: number): Promise<ChildProcess> {
  const child = fork(writer, [folder, String(number)])
  running.push(child)
  await new Promise((resolve) => child.once('message', resolve))
  return child
}

const exited = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => child.once('exit', () => resolve()))

// No wall is in it: what is restarted is the keeping of events.
describe('restart', () => {
  it('after kill -9, again and again, loses at most half a second and keeps every session', async () => {
    await using folder = await temporaryFolder()
    for (let n = 1; n <= 5; n++) {
      const child = await startWriter(folder.path, n)
      expect(await lockInstance(folder.path)).toEqual({
        ok: false,
        error: { type: 'already_running', pid: child.pid },
      })
      await new Promise((done) => setTimeout(done, 700 + n * 37))
      const killedMs = Date.now()
      const gone = exited(child)
      child.kill('SIGKILL')
      await gone
      const store = createEventLog(folder.path, '0.0.0', quietLog)
      const found = await store.read(sessionId(n))
      expect(killedMs - (found?.events.at(-1)?.atMs ?? 0)).toBeLessThan(500)
      expect(found?.events.map(({ seq }) => seq)).toEqual(found?.events.map((_, seq) => seq))
      const lock = await lockInstance(folder.path)
      expect(lock.ok).toBe(true)
      if (lock.ok) await lock.value.release()
    }
    const clock = { wallMs: () => Date.now(), monoMs: () => performance.now() }
    const store = createEventLog(folder.path, '0.0.0', quietLog)
    const timeline = createTimeline({ store, clock, log: quietLog, blot: (_, fact) => fact })
    await timeline.recover()
    expect(timeline.sessions().map(({ id, status }) => [id, status])).toEqual(
      expect.arrayContaining([1, 2, 3, 4, 5].map((n) => [sessionId(n), 'interrupted'])),
    )
  })

  it('after a clean end loses nothing', async () => {
    await using folder = await temporaryFolder()
    const child = await startWriter(folder.path, 9)
    let last = -1
    child.on('message', (message) => {
      last = (message as { seq: number }).seq
    })
    child.send('stop')
    await exited(child)
    await until('the last word', () => last > 0)
    const store = createEventLog(folder.path, '0.0.0', quietLog)
    const found = await store.read(sessionId(9))
    expect(found?.events.at(-1)?.seq).toBe(last)
    expect(found?.damage).toEqual([])
  })
})
