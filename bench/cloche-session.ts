// Cloche itself in a bench: a host on folders of the bench's own, used through its contract.
import { join } from 'node:path'
import { createHost } from '../src/main/create-host.ts'
import { createForkStarter } from '../src/main/shell-web/fork-starter.ts'
import { BASIC_SPEC, type SessionSpec } from '../src/shared/domain/session.ts'
import { type Connection, connect } from '../src/shared/rpc/client.ts'
import { memoryTransportPair } from '../src/shared/rpc/transport.ts'

export const quote = (words: readonly string[]): string =>
  words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')

interface Place {
  readonly entries: string
  /** Holds `home`, which is there, and `data`. */
  readonly root: string
  readonly path: string
  readonly env?: Readonly<Record<string, string>>
}

export async function startCloche({ entries, root, path, env }: Place): Promise<{
  connection: Connection
  stop: () => Promise<void>
}> {
  const host = await createHost({
    dataDir: join(root, 'data'),
    entries,
    nodePath: process.execPath,
    nodeEnv: {},
    starter: createForkStarter(entries),
    mayUnconfineInBrowser: false,
    secretBox: null,
    env: { PATH: path, HOME: join(root, 'home'), ...env },
  })
  if (!host.ok) throw new Error(JSON.stringify(host.error))
  const [client, server] = memoryTransportPair()
  host.value.accept(server, { shell: 'electron' })
  const connection = await connect(client, { clientId: 'bench-client' })
  return { connection, stop: () => host.value.stop() }
}

/** A command with no way out. */
export const sandboxSpec = (
  where: Pick<SessionSpec, 'workspace' | 'level'>,
  command: readonly string[],
): SessionSpec => ({
  agent: 'command',
  command: quote(command),
  ...where,
  title: null,
  network: 'deny',
  grants: [],
  useSignIn: false,
  ...BASIC_SPEC,
  acknowledgement: null,
})

/** Through the same contract as a window, and waits until the session has ended. */
export async function runInCloche(
  connection: Connection,
  where: Pick<SessionSpec, 'workspace' | 'level'>,
  command: readonly string[],
): Promise<void> {
  const created = await connection.api.session.create(sandboxSpec(where, command))
  if (!created.ok) throw new Error(JSON.stringify(created.error))
  const { id } = created.value
  await new Promise<void>((resolve) => {
    const stop = connection.api.session.list(null, (frame) => {
      const sessions =
        frame.type === 'snapshot'
          ? frame.state
          : frame.change.type === 'set'
            ? [frame.change.session]
            : []
      if (!sessions.some((item) => item.id === id && item.status === 'ended')) return
      resolve()
      queueMicrotask(() => stop())
    })
  })
  await connection.api.session.remove({ id })
}
