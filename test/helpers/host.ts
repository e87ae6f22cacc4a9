import { failure } from './failure.ts'
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createHost, type Host } from '../../src/main/create-host.ts'
import { createForkStarter } from '../../src/main/shell-web/fork-starter.ts'
import type { SessionId, TerminalId } from '../../src/shared/domain/ids.ts'
import type { PermissionRequest } from '../../src/shared/domain/policy.ts'
import type { TimelineEvent } from '../../src/shared/domain/timeline.ts'
import { projectAll, type SessionState } from '../../src/shared/projection.ts'
import { type Connection, connect } from '../../src/shared/rpc/client.ts'
import { decodeLog } from '../../src/shared/terminal-log.ts'
import { memoryTransportPair } from '../../src/shared/rpc/transport.ts'
import { giveMachines, keepMachines } from './kept-machines.ts'
import { LEVEL } from './level.ts'

/** The built entries (PTY host, sandbox listener); `npm test` builds before it tests. */
const ENTRIES = resolve(import.meta.dirname, '../../out/main')

export interface TestHost {
  readonly host: Host
  readonly dataDir: string
  readonly home: string
  readonly workspace: string
  connect(shell?: 'electron' | 'web'): Promise<Connection>
  restart(): Promise<void>
  dispose(): Promise<void>
}

/** A real host in this process, on folders of its own; the PTY host is a real child process. */
export async function startTestHost(
  options: {
    hosts?: Record<string, string>
    promptTimeoutMs?: number
    env?: Record<string, string>
    /** Of other built programs. */
    entries?: string
  } = {},
): Promise<TestHost> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'cloche-host-')))
  const home = join(root, 'home')
  const workspace = join(home, 'project')
  const dataDir = join(root, 'data')
  const machines = join(dataDir, 'machines')
  await mkdir(workspace, { recursive: true })
  if (LEVEL === 'vm') await giveMachines(machines)
  const start = async (): Promise<Host> => {
    const created = await createHost({
      dataDir,
      entries: options.entries ?? ENTRIES,
      nodePath: process.execPath,
      nodeEnv: {},
      starter: createForkStarter(ENTRIES),
      secretBox: null,
      mayUnconfineInBrowser: false,
      env: {
        ...process.env,
        ...options.env,
        HOME: home,
        CLOCHE_TEST_HOSTS: Object.entries(options.hosts ?? {})
          .map(([name, address]) => `${name}=${address}`)
          .join(','),
        ...(options.promptTimeoutMs === undefined
          ? {}
          : { CLOCHE_PROMPT_TIMEOUT_MS: String(options.promptTimeoutMs) }),
      },
    })
    if (!created.ok) throw failure(created.error)
    return created.value
  }
  let host = await start()
  return {
    get host() {
      return host
    },
    dataDir,
    home,
    workspace,
    connect: (shell = 'electron') => {
      const [client, server] = memoryTransportPair()
      host.accept(server, { shell })
      return connect(client, { clientId: 'test-client' })
    },
    restart: async () => {
      await host.stop()
      host = await start()
    },
    dispose: async () => {
      await host.stop()
      if (LEVEL === 'vm') await keepMachines(machines)
      await rm(root, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Follows one session through the public stream, as a window does. */
export function follow(connection: Connection, id: SessionId) {
  const events: TimelineEvent[] = []
  const stop = connection.api.session.watch(id, (frame) => {
    events.push(...(frame.type === 'snapshot' ? frame.state : frame.change))
  })
  return { events, state: (): SessionState => projectAll(events), stop }
}

/** The prompts that wait, as a window knows them. */
export function pendingPrompts(connection: Connection): { list: PermissionRequest[] } {
  const pending: { list: PermissionRequest[] } = { list: [] }
  connection.api.prompt.list(null, (frame) => {
    if (frame.type === 'snapshot') pending.list = frame.state
    else if (frame.change.type === 'set') {
      const { request } = frame.change
      pending.list = [...pending.list.filter((item) => item.id !== request.id), request]
    } else {
      const { id } = frame.change
      pending.list = pending.list.filter((item) => item.id !== id)
    }
  })
  return pending
}

/** What the terminal of a session, or a further one, got so far, from its recording. */
export async function outputOf(
  connection: Connection,
  id: SessionId,
  terminal: TerminalId | null = null,
): Promise<string> {
  const log = decodeLog(await connection.readRecording(id, 0, terminal))
  return log.records
    .map((item) => (item.kind === 'output' ? Buffer.from(item.bytes).toString('utf8') : ''))
    .join('')
}
