import { randomUUID } from 'node:crypto'
import { createConnection } from 'node:net'
import { type Connection, connect } from '../../shared/rpc/client.ts'
import { LIMITS } from '../../shared/rpc/frames.ts'
import { memoryTransportPair, type Transport } from '../../shared/rpc/transport.ts'
import { createHost, type Host } from '../create-host.ts'
import { commandLineSocket } from '../shell-cli/socket-server.ts'
import { streamTransport } from '../shell-cli/stream-transport.ts'
import { createForkStarter } from '../shell-web/fork-starter.ts'
import { defaultDataDir } from '../store/paths.ts'
import { CommandFailure, EXIT } from './exit.ts'

export interface HostConnection {
  readonly connection: Connection
  /** The host is this process: what is asked is asked in this terminal. */
  readonly isOwn: boolean
  close(): Promise<void>
}

const NOT_RUNNING =
  'Cloche does not run. Start it with npm start or npm run serve, or run a program with cloche run.'

export const dataDirOf = (chosen: string | undefined): string =>
  chosen ?? defaultDataDir(process.env)

/** The host that runs; null: none does. */
export async function findHost(dataDir: string): Promise<HostConnection | null> {
  const transport = await open(await commandLineSocket(dataDir))
  if (!transport) return null
  const connection = await connect(transport, { clientId: randomUUID() })
  return {
    connection,
    isOwn: false,
    close: () => {
      connection.close()
      return Promise.resolve()
    },
  }
}

/** With the host that runs, and without it when the work is done. */
export async function withHost(
  dataDir: string,
  work: (connection: Connection) => Promise<number>,
): Promise<number> {
  const found = await findHost(dataDir)
  if (!found) throw new CommandFailure(NOT_RUNNING, EXIT.noHost)
  try {
    return await work(found.connection)
  } finally {
    await found.close()
  }
}

function open(path: string): Promise<Transport | null> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    socket.once('connect', () => resolve(streamTransport(socket, LIMITS.hostFrameBytes)))
    socket.once('error', () => resolve(null))
  })
}

/** A host of this process, for as long as the command lasts. */
export async function ownHost(dataDir: string, entries: string): Promise<HostConnection> {
  const created = await createHost({
    dataDir,
    entries,
    nodePath: process.execPath,
    nodeEnv: {},
    starter: createForkStarter(entries),
    secretBox: null,
    mayUnconfineInBrowser: false,
    env: process.env,
  })
  if (!created.ok)
    throw new CommandFailure(
      created.error.type === 'state_unwritable'
        ? `The data folder ${created.error.path} cannot be used: ${created.error.detail}.`
        : `Cloche runs already (process ${created.error.pid}) and does not answer.`,
      EXIT.failed,
    )
  const host: Host = created.value
  const [client, server] = memoryTransportPair()
  host.accept(server, { shell: 'cli' })
  return {
    connection: await connect(client, { clientId: randomUUID() }),
    isOwn: true,
    close: () => host.stop(),
  }
}
