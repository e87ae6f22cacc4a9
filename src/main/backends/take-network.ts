import { Socket as DatagramSocket } from 'node:dgram'
import { Server } from 'node:net'
import { z } from 'zod'
import { err, ok, type Result } from '../../shared/result.ts'
import type { Log, ResolverSocket, SandboxNetwork } from '../core/ports.ts'
import { type NetworkCanary, noSuchName } from './network-canary.ts'
import { createSocketFinder } from './socket-finder.ts'
import { type ProgramStarter, type Teller, tellerOf } from './program-starter.ts'
import { startHelper } from './spawn.ts'

/** What runs the small programs that work in a sandbox's network. */
export interface SandboxHelpers {
  readonly starter: ProgramStarter
  /** Built `sandbox-network` program. It may be missing: it takes a compiler. */
  readonly networkProgram: string
  /** Built `mount-keeper` program. It may be missing too. */
  readonly mountsProgram: string
  /** Built `socket-owners` program. It may be missing too. */
  readonly socketsProgram: string
  /** A real Node, or Electron acting as one with `nodeEnv`. */
  readonly nodePath: string
  readonly nodeEnv: Readonly<Record<string, string>>
  /** Built `sandbox-listener` entry. */
  readonly listenerScript: string
  /** Built `sandbox-connector` entry. */
  readonly connectorScript: string
}

export interface NetworkPorts {
  readonly proxy: number
  /** Of the listener of direct connections; nothing is served there under its own address. */
  readonly direct: number
}

function resolverSocket(socket: DatagramSocket): ResolverSocket {
  let answer: Parameters<ResolverSocket['answerWith']>[0] = noSuchName
  let isClosed = false
  socket.on('message', (question, { address, port }) => {
    const words = answer(question)
    if (words && !isClosed) socket.send(words, port, address)
  })
  // Somebody asked and left; the next answer is for somebody else.
  socket.on('error', () => undefined)
  return {
    answerWith: (next) => {
      answer = next
    },
    close: () => {
      if (!isClosed) socket.close()
      isClosed = true
    },
  }
}

const Last = z.object({ done: z.literal(true), reason: z.string() })

/** The sandbox that is entered. */
export interface Entered {
  readonly pid: number
  readonly ports: NetworkPorts
  /** It watches what is taken from its first moment, or is told why there is nothing. */
  readonly canary: NetworkCanary
  /** Called when it is as it will be, also where not all of it could be had. */
  readonly standing: () => Promise<void>
}

/**
 * The ends of the network of the sandbox `pid` belongs to, accepting in this process. Works for an
 * ordinary user because the sandbox has exactly one user namespace and this user made it. Where the
 * small program is not built or the kernel lacks a part, only proxies are served, and canary and log
 * are told why. `signal` aborts. The caller owns what it gets.
 */
export async function takeNetwork(
  { pid, ports, canary, standing }: Entered,
  program: SandboxHelpers,
  signal: AbortSignal,
  log: Log,
): Promise<Result<SandboxNetwork, string>> {
  const miss = (reason: string): void => {
    log.warn(`direct connections are not served: ${reason}`)
    canary.miss(reason)
  }
  const args = [String(pid), String(ports.proxy), String(ports.direct)]
  const watch = (listener: Server): void => canary.watch(listener)
  const { starter } = program
  const finder = { starter, program: program.socketsProgram, pid, proxyPort: ports.proxy }
  const helper = await starter.teller(program.networkProgram, args)
  const taken = await collectSockets(helper, { signal, watch })
  if (taken.ok) {
    if (taken.value.reason) miss(taken.value.reason)
    await standing()
    return ok({ ...taken.value.network, sockets: await createSocketFinder(finder) })
  }
  if (signal.aborted) return taken
  miss(taken.error)
  const target = ['-t', String(pid), '-U', '-n', '--preserve-credentials', '--']
  const script = [program.nodePath, program.listenerScript, '127.0.0.1', String(ports.proxy)]
  const other = startHelper('nsenter', [...target, ...script], program.nodeEnv)
  const listener = await collectSockets(tellerOf(other), { signal, watch })
  await standing()
  return listener.ok
    ? ok({ ...listener.value.network, sockets: await createSocketFinder(finder) })
    : listener
}

/** What `takeNetwork` gave, and whatever else has the same ends. Further calls do nothing. */
export function closeNetwork({ proxy, direct, sockets }: SandboxNetwork): void {
  sockets?.close()
  proxy.close()
  for (const listener of direct?.listeners ?? []) listener.close()
  direct?.resolver.close()
}

export interface Taken {
  readonly network: Omit<SandboxNetwork, 'sockets'>
  readonly reason: string
}

/** Gathers the sockets a helper hands over until it says that these were all. */
export function collectSockets(
  helper: Teller,
  { signal, watch }: { readonly signal: AbortSignal; watch(direct: Server): void },
): Promise<Result<Taken, string>> {
  return new Promise((resolve) => {
    let isSettled = false
    const servers = new Map<string, Server[]>([
      ['proxy', []],
      ['direct', []],
    ])
    let resolver: ResolverSocket | null = null
    const closeAll = (): void => {
      for (const server of [...servers.values()].flat()) server.close()
      resolver?.close()
    }
    const settle = (result: Result<Taken, string>): void => {
      if (isSettled) return
      isSettled = true
      signal.removeEventListener('abort', onAbort)
      if (!result.ok) {
        helper.kill()
        closeAll()
      }
      resolve(result)
    }
    const onAbort = (): void => settle(err('it did not answer in time'))
    const finish = (reason: string): void => {
      const [proxy] = servers.get('proxy') ?? []
      const listeners = servers.get('direct') ?? []
      const direct = resolver && listeners.length > 0 ? { listeners, resolver } : null
      settle(proxy ? ok({ network: { proxy, direct }, reason }) : err('it sent no listener'))
    }
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
    helper.onMessage((message, handle) => {
      const list = typeof message === 'string' ? servers.get(message) : undefined
      if (handle instanceof Server && list && !isSettled) {
        list.push(handle)
        if (message === 'direct') watch(handle)
      } else if (handle instanceof DatagramSocket && !isSettled) resolver = resolverSocket(handle)
      else if (handle instanceof Server || handle instanceof DatagramSocket) handle.close()
      const last = Last.safeParse(message)
      if (last.success) finish(last.data.reason)
    })
    void helper.ended.then((words) => settle(err(words)))
  })
}
