import { createServer, type Server } from 'node:http'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { identify } from '../../src/main/backends/process-identity.ts'
import { MOST_TERMINALS } from '../../src/main/core/further-terminals.ts'
import type { SessionId, TerminalId } from '../../src/shared/domain/ids.ts'
import { NARROW_ANSWER } from '../../src/shared/domain/policy.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { filesHolding } from '../helpers/holding.ts'
import { follow, outputOf, pendingPrompts, startTestHost, type TestHost } from '../helpers/host.ts'
import { LEVEL, onlyInOs } from '../helpers/level.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'
import { listen, portOf } from './egress-harness.ts'

const test = requireCapability('bubblewrap')
const SECRET = 'tok-77aa01c9b2-do-not-record'
const HOST = 'api.example.test'

let host: TestHost
let connection: Connection
let server: Server
let served: number

beforeEach(async () => {
  served = 0
  server = await listen(
    createServer((_, answer) => {
      served++
      answer.end('it answers')
    }),
  )
  host = await startTestHost({
    hosts: { [HOST]: `127.0.0.1:${portOf(server)}` },
    env: { SHELL: '/bin/bash' },
  })
  connection = await host.connect()
})
afterEach(async () => {
  await host.dispose()
  server.close()
})

async function run(command: string, more: object = {}) {
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, command),
    ...more,
  })
  if (!created.ok) throw failure(created.error)
  return { id: created.value.id, seen: follow(connection, created.value.id) }
}

async function openIn(session: SessionId) {
  const opened = await connection.api.terminal.open({ session })
  if (!opened.ok) throw failure(opened.error)
  return { terminal: opened.value, ...viewOf(session, opened.value) }
}

function viewOf(session: SessionId, terminal: TerminalId | null) {
  let text = ''
  const add = (_: number, ...rest: unknown[]): void => {
    text += Buffer.from(rest.at(-1) as Uint8Array).toString()
  }
  const view = connection.openTerminal(
    session,
    { cols: 120, rows: 32 },
    { screen: add, output: add, resized: () => undefined, closed: () => undefined },
    terminal,
  )
  return { text: () => text, type: (words: string) => view.write(Buffer.from(words)), view }
}

const nodesOf = (seen: ReturnType<typeof follow>) => [...seen.state().processes.values()]

describe('a further terminal of a session', () => {
  test('is seen: its shell, what it starts, and its end', async () => {
    const { id, seen } = await run('sleep 600')
    const opened = await openIn(id)
    opened.type('sleep 321\r')
    const sleeper = () => nodesOf(seen).find(({ argv }) => argv.join(' ') === 'sleep 321')
    await expect.poll(sleeper).toBeDefined()
    const [terminal] = seen.state().terminals
    expect(terminal).toMatchObject({ id: opened.terminal, number: 1, endedAtMs: null })
    expect(sleeper()).toMatchObject({ parent: terminal!.key, role: 'terminal' })
    expect(seen.state().processes.get(terminal!.key)).toMatchObject({
      ...{ role: 'terminal', name: 'bash', endedAtMs: null },
    })
    // The agent's terminal has nothing of it.
    expect(await outputOf(connection, id)).not.toContain('321')
    opened.type('\x03exit 7\r')
    await expect.poll(() => seen.state().terminals[0]?.exit).toEqual({ kind: 'exited', code: 7 })
    expect(seen.state().session?.status).toBe('running')
  })

  test('asks for the network as all else, and its words are recorded without secrets', async () => {
    await connection.api.variable.keep({ name: 'API_TOKEN', value: SECRET })
    const pending = pendingPrompts(connection)
    const { id, seen } = await run('sleep 600', {
      variables: [{ name: 'API_TOKEN', source: 'kept', isSecret: true }],
    })
    const opened = await openIn(id)
    opened.type(`curl -s http://${HOST}/; echo "token $API_TOKEN"\r`)
    await expect.poll(() => pending.list.length).toBe(1)
    expect(served).toBe(0)
    const { requester } = pending.list[0]!
    expect(requester?.process.name).toBe('curl')
    expect(requester?.ancestors.map(({ name }) => name)).toEqual(['bash'])
    await connection.api.prompt.answer({
      ...{ promptId: pending.list[0]!.id, action: 'allow', lifetime: 'once', ...NARROW_ANSWER },
    })
    await expect.poll(opened.text).toContain('token ')
    await expect.poll(() => served).toBe(1)
    // An engine would keep the values that a person lets in: there it has none of them.
    if (LEVEL !== 'container') await expect.poll(opened.text).toContain(SECRET)
    await connection.api.session.stop({ id })
    const log = await outputOf(connection, id, opened.terminal)
    expect(log).toContain('it answers')
    if (LEVEL !== 'container') expect(log).toContain('*'.repeat(SECRET.length))
    // Files of the host are still being replaced just after a session ended.
    await expect.poll(() => filesHolding(host.dataDir, SECRET)).toEqual([])
    const { hits } = await connection.api.recording.search({ words: 'it answers', from: null })
    expect(hits.some(({ sessionId, place }) => sessionId === id && place === 'terminal')).toBe(true)
    expect(seen.state().terminals[0]?.endedAtMs).not.toBeNull()
  })

  test('ends with its session, and its recording goes with the session’s', async () => {
    const { id, seen } = await run('sleep 600')
    const opened = await openIn(id)
    opened.type('sleep 322 & sleep 323\r')
    const sleepers = () =>
      nodesOf(seen).filter(({ argv }) => argv[0] === 'sleep' && argv[1] !== '600')
    await expect.poll(() => sleepers().length).toBe(2)
    const pids = sleepers().map(({ pid }) => pid)
    await connection.api.session.stop({ id })
    await expect.poll(() => seen.state().session?.status).toBe('ended')
    // Numbers of a machine's own kernel, which has ended with it, say nothing here.
    if (LEVEL !== 'vm') for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/)
    const types = seen.events.map(({ fact }) => fact.type)
    expect(types.indexOf('terminal/ended')).toBeGreaterThan(types.indexOf('terminal/opened'))
    expect(types.indexOf('terminal/ended')).toBeLessThan(types.indexOf('session/ended'))
    const log = join(host.dataDir, 'recordings', id, `terminal-${opened.terminal}.log`)
    expect(existsSync(log)).toBe(true)
    expect(await connection.api.terminal.open({ session: id })).toMatchObject({
      ...{ ok: false, error: { type: 'not_live' } },
    })
    await connection.api.session.remove({ id })
    expect(existsSync(log)).toBe(false)
  })

  test('ends alone when it is closed, with what runs in it', async () => {
    const { id, seen } = await run('sleep 600')
    const opened = await openIn(id)
    opened.type('sleep 324\r')
    const sleeper = () => nodesOf(seen).find(({ argv }) => argv.join(' ') === 'sleep 324')
    await expect.poll(sleeper).toBeDefined()
    const { terminal } = opened
    expect(await connection.api.terminal.close({ session: id, terminal })).toMatchObject({
      ok: true,
    })
    await expect.poll(() => sleeper()?.endedAtMs).not.toBeNull()
    expect(seen.state().session?.status).toBe('running')
    expect(await connection.api.terminal.close({ session: id, terminal })).toMatchObject({
      ...{ ok: false, error: { type: 'unknown_terminal' } },
    })
  })

  test('is frozen with its session, and opens in none that is', async () => {
    const { id } = await run('sleep 600')
    const opened = await openIn(id)
    opened.type('while sleep 0.1; do echo "tick$((1))"; done\r')
    const ticks = () => opened.text().split('tick1').length
    await expect.poll(ticks).toBeGreaterThan(3)
    const control = (action: 'freeze' | 'thaw') =>
      connection.api.process.control({ scope: { kind: 'session', session: id }, action })
    expect(await control('freeze')).toMatchObject({ ok: true, value: { remained: 0 } })
    // What it had written before is still on its way.
    await new Promise((resolve) => setTimeout(resolve, 500))
    const frozen = ticks()
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(ticks()).toBe(frozen)
    expect(await connection.api.terminal.open({ session: id })).toMatchObject({
      ...{ ok: false, error: { type: 'refused' } },
    })
    await control('thaw')
    await expect.poll(ticks).toBeGreaterThan(frozen)
  })

  test('is shown to viewers of its session alone, and there are so many at most', async () => {
    const [one, other] = [await run('sleep 600'), await run('sleep 600')]
    const { terminal, type } = await openIn(one.id)
    type('echo only-here\r')
    const right = viewOf(one.id, terminal)
    await expect.poll(right.text).toContain('only-here')
    const wrong = viewOf(other.id, terminal)
    const third = viewOf(one.id, 'trm_0000000000000000' as TerminalId)
    for (let number = 2; number <= MOST_TERMINALS; number++) await openIn(one.id)
    expect(await connection.api.terminal.open({ session: one.id })).toMatchObject({
      ...{ ok: false, error: { type: 'too_many', most: MOST_TERMINALS } },
    })
    expect([wrong.text(), third.text()]).toEqual(['', ''])
  })

  onlyInOs(test, 'it is about a session without a boundary')(
    'outside of a boundary it is one more program, and a browser opens none',
    async () => {
      const { id, seen } = await run('sleep 600', {
        level: 'unconfined',
        acknowledgement: 'unconfined',
      })
      const browser = await host.connect('web')
      expect(await browser.api.terminal.open({ session: id })).toMatchObject({
        ...{ ok: false, error: { type: 'refused' } },
      })
      const opened = await openIn(id)
      opened.type('sleep 325\r')
      const sleeper = () => nodesOf(seen).find(({ argv }) => argv.join(' ') === 'sleep 325')
      await expect.poll(sleeper).toMatchObject({ role: 'terminal' })
      await connection.api.session.stop({ id })
      // Whoever inherits it may take a while to reap it.
      expect(await identify(sleeper()!.pid)).toBeNull()
    },
  )
})
