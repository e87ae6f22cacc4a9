import { PLAIN_PLAN } from '../../helpers/plan.ts'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { childrenOf } from '../../../src/main/backends/kernel-facts.ts'
import {
  endProcess,
  identify,
  isAlive,
  signalProcess,
} from '../../../src/main/backends/process-identity.ts'
import { createUnconfinedBackend } from '../../../src/main/backends/unconfined.ts'
import { acknowledge, planUnconfined } from '../../../src/main/core/isolation/plan.ts'
import type { SessionId } from '../../../src/shared/domain/ids.ts'

const sleeper = () => spawn('sleep', ['600'])

test('a process is ended and its end is seen', async () => {
  const child = sleeper()
  const identity = (await identify(child.pid!))!
  expect(await isAlive(identity)).toBe(true)
  await endProcess(identity, 5000)
  expect(await isAlive(identity)).toBe(false)
  expect(await identify(2 ** 22 + 1)).toBeNull()
})

test('a number that was given to another process is not signalled', async () => {
  const child = sleeper()
  const { pid, ticks } = (await identify(child.pid!))!
  const earlier = { pid, ticks: ticks - 1 }
  await signalProcess(earlier, 'SIGKILL')
  await endProcess(earlier, 1000)
  expect(child.exitCode ?? child.signalCode).toBeNull()
  expect(await isAlive({ pid, ticks })).toBe(true)
  child.kill('SIGKILL')
  await once(child, 'exit')
})

test('unconfined: the person’s own environment, open on every axis, ended with its children', async () => {
  const word = acknowledge('unconfined', 1)!
  const plan = planUnconfined(
    {
      ...PLAIN_PLAN,
      workspace: '/',
      argv: ['/bin/sh', '-c', 'sleep 600 & sleep 601'],
      home: '/root',
      user: 'ada',
    },
    word,
  )
  const backend = createUnconfinedBackend({ PATH: '/usr/bin:/bin', OWN: 'kept', GONE: undefined })
  const built = await backend.build(plan, 'ses_00000000000000aa' as SessionId)
  if (!built.ok) throw new Error(built.error.type)
  const { launch } = built.value
  expect(launch).toMatchObject({ file: '/bin/sh', cwd: '/', env: { OWN: 'kept' } })
  expect(launch.env).not.toHaveProperty('GONE')

  const child = spawn(launch.file, [...launch.args], { env: launch.env, cwd: launch.cwd })
  const joined = await built.value.join(child.pid!, new AbortController().signal)
  if (!joined.ok) throw new Error(joined.error.type)
  expect(joined.value.network).toBeNull()
  expect(joined.value.axes.map(({ requested, proven }) => [requested, proven])).toEqual(
    Array(4).fill(['open', 'open']),
  )
  await expect.poll(async () => (await childrenOf(child.pid!)).length).toBe(2)
  const children = await Promise.all((await childrenOf(child.pid!)).map(identify))
  await joined.value.destroy()
  for (const identity of children)
    await expect.poll(() => isAlive(identity!), { timeout: 2000 }).toBe(false)
})

test('a plan for another level is a bug, not a session', async () => {
  const backend = createUnconfinedBackend({})
  await expect(
    backend.build({ level: 'os' } as never, 'ses_00000000000000aa' as SessionId),
  ).rejects.toThrow('a plan for os')
})
