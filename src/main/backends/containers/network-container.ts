import { chmod, mkdir } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { basename, join } from 'node:path'
import type Docker from 'dockerode'
import type { Log, SandboxNetwork } from '../../core/ports.ts'
import { DIRECT_PORT, PROXY } from '../bubblewrap-args.ts'
import type { MachineLayout } from '../layout.ts'
import { createNetworkCanary, type NetworkCanary } from '../network-canary.ts'
import { tellerOf } from '../program-starter.ts'
import { makeRunFolder } from '../run-folder.ts'
import { findOver } from '../socket-finder.ts'
import { startHelper } from '../spawn.ts'
import { closeNetwork, collectSockets } from '../take-network.ts'
import { networkSpec } from './container-spec.ts'
import type { EngineWays } from './engine-ways.ts'
import { LABEL } from './labels.ts'
import { ownerOf, removeContainer } from './owner.ts'

/** A network with nothing in it but its loopback and the gateway's ends, for one session to join. */
export interface ContainerNetwork {
  /** As an engine is told to join it. */
  readonly mode: string
  readonly network: SandboxNetwork
  readonly canary: NetworkCanary
  /** Its programs ended, and with them what it was for. */
  isOver(): boolean
  /** Whoever joined it must be gone. Further calls do nothing. */
  dispose(): Promise<void>
}

export interface NetworkParts {
  readonly client: Docker
  /** The image with nothing in it, and the machine's folders for it. */
  readonly image: string
  readonly layout: Pick<MachineLayout, 'folders'>
  readonly ways: EngineWays
  readonly networkProgram: string
  readonly socketsProgram: string
  readonly relayProgram: string
  readonly log: Log
}

const START_MS = 20_000

/** Rejects with the engine's words, or those of the programs in it. */
export async function makeNetwork(parts: NetworkParts): Promise<ContainerNetwork> {
  const { client, image, layout, ways, log } = parts
  const folder = await makeRunFolder([])
  const sockets = join(folder.path, 'network')
  const name = `${basename(folder.path)}-network`
  let container: Docker.Container | null = null
  let network: SandboxNetwork | null = null
  let isOver = false
  const dispose = async (): Promise<void> => {
    isOver = true
    if (network) closeNetwork(network)
    network = null
    if (container) await removeContainer(container)
    container = null
    await folder.remove()
  }
  const end = new AbortController()
  const signal = AbortSignal.any([end.signal, AbortSignal.timeout(START_MS)])
  try {
    await mkdir(sockets)
    await chmod(sockets, 0o755)
    // Programs are mounted over these: where the folder lies, none might be run.
    await Promise.all(['network', 'owners'].map((path) => folder.write(`network/${path}`, '')))
    container = await client.createContainer(
      networkSpec({
        ...{ name, image, layout, ways, folder: sockets, ports: [PROXY.port, DIRECT_PORT] },
        labels: { [LABEL.kind]: 'network', [LABEL.owner]: (await ownerOf(process.pid)) ?? '' },
        programs: { network: parts.networkProgram, owners: parts.socketsProgram },
      }),
    )
    const canary = createNetworkCanary()
    const watch = (listener: Parameters<NetworkCanary['watch']>[0]): void => canary.watch(listener)
    const relayed = [join(sockets, 'network.sock')]
    const collecting = collectSockets(tellerOf(startHelper(parts.relayProgram, relayed, {})), {
      ...{ signal, watch },
    })
    const owners = oneConnection(join(sockets, 'owners.sock'), signal)
    // Whoever waits for it hears of it.
    owners.catch(() => undefined)
    await container.start()
    const gone = container.wait().then((): never => {
      isOver = true
      throw new Error('the container that makes the network ended')
    })
    gone.catch(() => undefined)
    const taken = await Promise.race([collecting, gone])
    if (!taken.ok) throw new Error(taken.error)
    if (taken.value.reason) {
      log.warn(`direct connections are not served: ${taken.value.reason}`)
      canary.miss(taken.value.reason)
    }
    const line = await Promise.race([owners, gone])
    line.on('close', () => {
      isOver = true
    })
    network = { ...taken.value.network, sockets: findOver(line, line) }
    return { mode: `container:${name}`, network, canary, isOver: () => isOver, dispose }
  } catch (cause) {
    end.abort()
    await dispose().catch((fault: unknown) => log.warn('a network was not removed', fault))
    throw cause
  }
}

/** Whoever comes first to a path of ours, and nobody after. Rejects when `signal` aborts. */
function oneConnection(path: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      server.close()
      resolve(socket)
    })
    server.on('error', reject)
    // Its folder is ours alone; in the container somebody else without privileges comes to it.
    server.listen({ path, signal, writableAll: true })
    signal.addEventListener('abort', () => reject(new Error('nobody came')))
  })
}
