import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { NARROW_ANSWER } from '../../src/shared/domain/policy.ts'
import type { Session } from '../../src/shared/domain/session.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { decodeLog } from '../../src/shared/terminal-log.ts'
import { failure } from '../helpers/failure.ts'
import { follow, pendingPrompts, startTestHost, type TestHost } from '../helpers/host.ts'
import { shellSpec } from '../helpers/spec.ts'

let host: TestHost
let server: Server
let served: string[]

beforeEach(async () => {
  served = []
  server = createServer((request, response) => {
    served.push(`${request.headers.host} ${request.url}`)
    response.end('it answers\n')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  host = await startTestHost({
    hosts: { 'api.example.test': `127.0.0.1:${port}`, 'other.example.test': `127.0.0.1:${port}` },
  })
})
afterEach(async () => {
  await host.dispose()
  server.close()
})

async function start(connection: Connection, command: string): Promise<Session> {
  const created = await connection.api.session.create(shellSpec(host.workspace, command))
  if (!created.ok) throw failure(created.error)
  return created.value
}

async function terminalText(connection: Connection, session: Session): Promise<string> {
  const log = decodeLog(await connection.readRecording(session.id, 0))
  return log.records
    .map((record) => (record.kind === 'output' ? Buffer.from(record.bytes).toString('utf8') : ''))
    .join('')
}

describe('a session under the dome', () => {
  test('runs proven, is recorded, and ends with its status', async () => {
    const connection = await host.connect()
    const session = await start(connection, `sh -c 'echo from inside; pwd; exit 7'`)
    expect(session.axes.map((axis) => [axis.axis, axis.proven])).toEqual([
      ['files', 'enforced'],
      ['network', 'enforced'],
      ['processes', 'enforced'],
      ['credentials', 'enforced'],
    ])
    const { state } = follow(connection, session.id)
    await expect.poll(() => state().session?.status).toBe('ended')
    expect(state().session?.exit).toEqual({ kind: 'exited', code: 7 })
    const text = await terminalText(connection, session)
    expect(text).toContain('from inside')
    expect(text).toContain(host.workspace)
  })

  test('a connection is held until a person answers, then passes', async () => {
    const connection = await host.connect()
    const pending = pendingPrompts(connection)
    const session = await start(
      connection,
      `sh -c 'curl -sS --max-time 30 http://api.example.test/hello; echo status $?'`,
    )
    await expect.poll(() => pending.list.length).toBe(1)
    const [request] = pending.list
    expect(request).toMatchObject({
      sessionId: session.id,
      destination: { host: 'api.example.test', port: 80 },
      requester: { process: { name: 'curl' } },
    })
    expect(request!.requester!.ancestors.length).toBeGreaterThan(0)
    expect(served).toEqual([])
    await connection.api.prompt.answer({
      promptId: request!.id,
      action: 'allow',
      lifetime: 'once',
      ...NARROW_ANSWER,
    })
    const { state } = follow(connection, session.id)
    await expect.poll(() => state().session?.status).toBe('ended')
    expect(served).toEqual(['api.example.test /hello'])
    const text = await terminalText(connection, session)
    expect(text).toContain('it answers')
    expect(text).toContain('status 0')
    const [entry] = [...state().network.values()]
    expect(entry).toMatchObject({
      state: 'closed',
      decision: { action: 'allow', by: { kind: 'person', lifetime: 'once' } },
    })
    expect(entry!.bytesDown).toBeGreaterThan(0)
  })

  test('denied: the client gets a clear refusal and nothing leaves', async () => {
    const connection = await host.connect()
    const pending = pendingPrompts(connection)
    const session = await start(
      connection,
      `sh -c 'curl -sS --max-time 30 http://other.example.test/; curl -sS --max-time 5 http://169.254.169.254/latest; curl -sS --max-time 5 --noproxy "*" http://203.0.113.1/; echo end'`,
    )
    await expect.poll(() => pending.list.length).toBe(1)
    await connection.api.prompt.answer({
      promptId: pending.list[0]!.id,
      action: 'deny',
      lifetime: 'once',
      ...NARROW_ANSWER,
    })
    const { state } = follow(connection, session.id)
    await expect.poll(() => state().session?.status).toBe('ended')
    expect(served).toEqual([])
    const decisions = [...state().network.values()].map((entry) => [
      entry.destination.host,
      entry.decision?.action,
      entry.decision?.by.kind,
    ])
    expect(decisions).toEqual([
      ['other.example.test', 'deny', 'person'],
      ['169.254.169.254', 'deny', 'boundary'],
      // Without a proxy it comes as well; nobody answered before curl gave up.
      ['203.0.113.1', 'deny', 'default'],
    ])
    expect(await terminalText(connection, session)).toContain('end')
  })

  test('a granted host passes without a question; revoking the rule brings it back', async () => {
    const connection = await host.connect()
    const pending = pendingPrompts(connection)
    const created = await connection.api.session.create({
      ...shellSpec(
        host.workspace,
        `sh -c 'curl -sS http://api.example.test/one; read line; curl -sS --max-time 20 http://api.example.test/two; echo end'`,
      ),
      grants: ['api.example.test'],
    })
    if (!created.ok) throw new Error(created.error.type)
    await expect.poll(() => served).toEqual(['api.example.test /one'])
    expect(pending.list).toEqual([])
    const rules: string[] = []
    connection.api.rule.list(null, (frame) => {
      rules.splice(
        0,
        rules.length,
        ...(frame.type === 'snapshot' ? frame.state : frame.change).map((rule) => rule.id),
      )
    })
    await expect.poll(() => rules.length).toBe(1)
    await connection.api.rule.remove({ id: rules[0] as never })
    const terminal = connection.openTerminal(created.value.id, { cols: 80, rows: 24 }, quiet)
    terminal.write(Buffer.from('\r'))
    await expect.poll(() => pending.list.length).toBe(1)
    expect(served).toHaveLength(1)
  })

  test('the process tree names what ran, and stop ends all of it', async () => {
    const connection = await host.connect()
    const session = await start(connection, `sh -c 'sleep 300 & setsid sleep 301 & exec sleep 302'`)
    const { state } = follow(connection, session.id)
    const sleeping = () =>
      [...state().processes.values()].filter(
        (node) => node.argv[0] === 'sleep' && node.endedAtMs === null,
      )
    await expect
      .poll(() =>
        sleeping()
          .map((node) => node.argv[1])
          .sort(),
      )
      .toEqual(['300', '301', '302'])
    const pids = sleeping().map((node) => node.pid)
    expect(await connection.api.session.stop({ id: session.id })).toEqual({ ok: true, value: null })
    await expect.poll(() => state().session?.status).toBe('ended')
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/)
    expect(sleeping()).toEqual([])
  })

  test('a viewer attaches to the exact screen, types, and another sees the same', async () => {
    const connection = await host.connect()
    const session = await start(
      connection,
      `sh -c 'printf ready; read line; echo "got $line"; sleep 30'`,
    )
    const first = screenOf(connection, session)
    await expect.poll(() => first.text()).toContain('ready')
    first.terminal.write(Buffer.from('hello\r'))
    await expect.poll(() => first.text()).toContain('got hello')
    const second = screenOf(await host.connect(), session)
    await expect.poll(() => second.text()).toContain('got hello')
  })
})

describe('restart', () => {
  test('is a new session with the agent’s own resume argument, in its own kept state', async () => {
    const bin = join(host.workspace, 'node_modules', '.bin')
    await mkdir(bin, { recursive: true })
    const script =
      '#!/bin/sh\necho "args:[$*]"; ls "$CLAUDE_CONFIG_DIR"; touch "$CLAUDE_CONFIG_DIR/conversation"\n'
    await writeFile(join(bin, 'claude'), script, { mode: 0o755 })
    const connection = await host.connect()
    const created = await connection.api.session.create({
      ...shellSpec(host.workspace, ''),
      agent: 'claude-code',
      command: null,
    })
    if (!created.ok) throw new Error(created.error.type)
    const first = follow(connection, created.value.id)
    await expect.poll(() => first.state().session?.status).toBe('ended')
    expect(await terminalText(connection, created.value)).not.toContain('--continue')
    const again = await connection.api.session.restart({ id: created.value.id, changes: {} })
    if (!again.ok) throw new Error(again.error.type)
    expect(again.value.continues).toBe(created.value.id)
    const second = follow(connection, again.value.id)
    await expect.poll(() => second.state().session?.status).toBe('ended')
    const text = await terminalText(connection, again.value)
    expect(text).toContain('--continue]')
    expect(text).toContain('conversation')
    await expect(readFile(join(host.home, '.claude', 'conversation'))).rejects.toThrow()
  })
})

describe('refusals', () => {
  test('start nothing and name what is wrong', async () => {
    const connection = await host.connect()
    const refused = async (changes: object) => {
      const created = await connection.api.session.create({
        ...shellSpec(host.workspace, 'true'),
        ...changes,
      })
      return created.ok ? 'started' : created.error.type
    }
    expect(await refused({ workspace: join(host.home, 'nowhere') })).toBe('workspace_missing')
    expect(await refused({ workspace: host.home })).toBe('workspace_refused')
    expect(await refused({ command: 'no-such-thing' })).toBe('command_invalid')
    expect(await refused({ agent: 'gemini-cli', command: null })).toBe('agent_not_found')
    expect(await refused({ level: 'unconfined' })).toBe('acknowledgement_required')
    await writeFile(join(host.workspace, 'tool'), '#!/bin/sh\n', { mode: 0o644 })
    expect(await refused({ command: './tool' })).toBe('agent_not_executable')
    const web = await host.connect('web')
    const created = await web.api.session.create({
      ...shellSpec(host.workspace, 'true'),
      level: 'unconfined',
      acknowledgement: 'unconfined',
    })
    expect(created).toEqual({ ok: false, error: { type: 'refused_in_browser' } })
    expect(await refused({})).toBe('started')
  })
})

describe('after a restart', () => {
  test('sessions are listed, their recordings whole, workspace rules in force', async () => {
    const connection = await host.connect()
    const pending = pendingPrompts(connection)
    const session = await start(connection, `sh -c 'curl -sS http://api.example.test/; echo end'`)
    await expect.poll(() => pending.list.length).toBe(1)
    await connection.api.prompt.answer({
      promptId: pending.list[0]!.id,
      action: 'allow',
      lifetime: 'workspace',
      ...NARROW_ANSWER,
    })
    const before = follow(connection, session.id)
    await expect.poll(() => before.state().session?.status).toBe('ended')
    await host.restart()
    const again = await host.connect()
    const after = follow(again, session.id)
    await expect.poll(() => after.state().session?.status).toBe('ended')
    expect(after.state().network.size).toBe(1)
    expect(await terminalText(again, session)).toContain('it answers')
    const next = await start(again, `sh -c 'curl -sS http://api.example.test/; echo end'`)
    const nextState = follow(again, next.id)
    await expect.poll(() => nextState.state().session?.status).toBe('ended')
    expect(served).toHaveLength(2)
    const [entry] = [...nextState.state().network.values()]
    expect(entry?.decision?.by.kind).toBe('rule')
  })

  test('a damaged rules file is set aside and said, never deleted', async () => {
    await host.host.stop()
    await mkdir(host.dataDir, { recursive: true })
    await writeFile(join(host.dataDir, 'rules.json'), '{"version":1,"value":[{]')
    await host.restart()
    const connection = await host.connect()
    const info = await connection.api.system.info(null)
    expect(info.notices).toHaveLength(1)
    const aside = /rules\.json\.damaged-\S+/.exec(info.notices[0]!)?.[0]?.replace(/[;,]$/, '')
    expect(await readFile(join(host.dataDir, aside!), 'utf8')).toBe('{"version":1,"value":[{]')
  })
})

const quiet = {
  screen: () => undefined,
  output: () => undefined,
  resized: () => undefined,
  closed: () => undefined,
}

function screenOf(connection: Connection, session: Session) {
  let text = ''
  const add = (bytes: Uint8Array) => {
    text += Buffer.from(bytes).toString('utf8')
  }
  const terminal = connection.openTerminal(
    session.id,
    { cols: 100, rows: 30 },
    {
      ...quiet,
      screen: (_offset, _size, bytes) => add(bytes),
      output: (offset, bytes) => {
        add(bytes)
        terminal.drawn(offset + bytes.length)
      },
    },
  )
  return { terminal, text: () => text }
}
