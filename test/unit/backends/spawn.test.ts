import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { runFed } from '../../../src/main/backends/spawn.ts'

const STANDING = 'sleep 1000 & wait'

test('what is given up ends with all that it started', async () => {
  const giveUp = new AbortController()
  const input = new PassThrough()
  const done = runFed(['/bin/sh', '-c', STANDING], [input], giveUp.signal)
  const isOver = Promise.race([
    done.then(
      () => 'done',
      (cause: Error) => cause.name,
    ),
    sleep(4000, 'still waiting'),
  ])
  await sleep(300)
  giveUp.abort()
  // Its own child holds its standard error: only when that is gone as well, it is over.
  expect(await isOver).toBe('AbortError')
})

test('what takes its input to the end says how it ended', async () => {
  const input = new PassThrough().end('three words here')
  const command = ['/bin/sh', '-c', 'wc -w >&2; exit 3']
  const { code, stderr } = await runFed(command, [input], new AbortController().signal)
  expect([code, stderr.trim()]).toEqual([3, '3'])
})
