import { once } from 'node:events'
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type RequestListener,
} from 'node:http'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { EgressHandle, EgressOptions } from '../../src/main/core/egress-port.ts'
import type { DirectNetwork, SocketFinder } from '../../src/main/core/ports.ts'
import type { Classify } from '../../src/main/egress/addresses.ts'
import { createEgressGateway } from '../../src/main/egress/gateway.ts'
import type { EgressLimits } from '../../src/main/egress/limits.ts'
import { withMappedHosts } from '../../src/main/egress/mapped-hosts.ts'
import {
  createSystemResolve,
  type Dial,
  dialAddresses,
  type Resolve,
} from '../../src/main/egress/network.ts'
import { createMachineKernel } from '../../src/main/procwatch/machine-proc.ts'
import { createProcessReader } from '../../src/main/procwatch/procfs.ts'
import type { RuleId, SessionId } from '../../src/shared/domain/ids.ts'
import type { Decision, Destination } from '../../src/shared/domain/policy.ts'
import type { Fact } from '../../src/shared/domain/timeline.ts'

export const ALLOW: Decision = { action: 'allow', by: { kind: 'person', lifetime: 'once' } }
export const DENY: Decision = {
  action: 'deny',
  by: { kind: 'rule', ruleId: 'rul_00000001' as RuleId },
}

export const monoClock = { wallMs: () => Date.now(), monoMs: () => performance.now() }

export const portOf = (server: Server): number => (server.address() as AddressInfo).port

export async function listen<T extends Server>(server: T, host = '127.0.0.1'): Promise<T> {
  server.listen(0, host)
  await once(server, 'listening')
  return server
}

export const httpServer = (handle: RequestListener): Promise<HttpServer> =>
  listen(createHttpServer(handle))

/** Sends back what it gets, then ends when the other side ended. */
export const echoServer = (): Promise<Server> =>
  listen(createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)))

export interface TestGateway {
  readonly port: number
  readonly facts: Fact[]
  readonly handle: EgressHandle
  /** What clients must trust where TLS is looked into. */
  readonly certificate: string
  /** Destinations somebody was asked about, in order. */
  readonly asked: Destination[]
  factsOf<T extends Fact['type']>(type: T): Extract<Fact, { type: T }>[]
  close(): Promise<void>
}

export interface TestGatewayOptions {
  /** Names and the local servers behind them. */
  readonly hosts?: Readonly<Record<string, Server>>
  readonly decide?: EgressOptions['decide']
  /** Default: no rule speaks of anything. */
  readonly ruled?: EgressOptions['ruled']
  readonly looksInside?: EgressOptions['looksInside']
  /** TLS can be looked into; off by default. */
  readonly inspects?: boolean
  readonly standIns?: EgressOptions['standIns']
  /** Default: the agent has no questions. */
  readonly bring?: EgressOptions['bring']
  /** PEM of what the gateway trusts of the hosts outside. */
  readonly trusted?: string
  /** Ports that count as Cloche's own. */
  readonly ownPorts?: readonly number[]
  readonly resolve?: Resolve
  readonly dial?: Dial
  readonly classify?: Classify
  readonly limits?: Partial<EgressLimits>
  readonly listener?: Server
  readonly direct?: DirectNetwork
  readonly rootPid?: number
  /** Default: the kernel's tables. */
  readonly sockets?: SocketFinder
}

/** A real gateway; only who decides, and where mapped names lead, is the test's. */
export async function startGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const facts: Fact[] = []
  const asked: Destination[] = []
  const mapping = Object.entries(options.hosts ?? {}).map(
    ([name, server]) => `${name}=127.0.0.1:${portOf(server)}`,
  )
  const network = withMappedHosts(mapping.join(','), {
    resolve: options.resolve ?? createSystemResolve(),
    dial: options.dial ?? dialAddresses,
  })
  const faults: unknown[] = []
  const gateway = createEgressGateway({
    ...network,
    ...(options.classify ? { classify: options.classify } : {}),
    ...(options.limits ? { limits: options.limits } : {}),
    ownPorts: () => new Set(options.ownPorts ?? []),
    trusted: () => Promise.resolve(options.trusted ?? ''),
    log: {
      info: () => undefined,
      warn: () => undefined,
      error: (message, cause) => faults.push(message, cause),
    },
  })
  const listener = options.listener ?? (await listen(createServer()))
  const inspection = options.inspects ? await gateway.createInspection() : null
  const handle = gateway.serve(
    { proxy: listener, direct: options.direct ?? null, sockets: options.sockets ?? null },
    {
      sessionId: 'ses_00000000' as SessionId,
      rootPid: options.rootPid ?? process.pid,
      processes: createProcessReader(createMachineKernel(), monoClock),
      decide: (request) => {
        asked.push(request.destination)
        return options.decide ? options.decide(request) : Promise.resolve(ALLOW)
      },
      ruled: options.ruled ?? (() => 'ask'),
      looksInside: options.looksInside ?? (() => false),
      inspection,
      standIns: options.standIns ?? [],
      bring: options.bring ?? null,
      report: (fact) => facts.push(fact),
    },
  )
  const port = (listener.address() as AddressInfo | null)?.port ?? 0
  return {
    port,
    facts,
    handle,
    asked,
    certificate: inspection?.certificate ?? '',
    factsOf: <T extends Fact['type']>(type: T) =>
      facts.filter((fact): fact is Extract<Fact, { type: T }> => fact.type === type),
    close: () => handle.close(),
  }
}

export async function dial(port: number, host = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host, allowHalfOpen: true })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/** Everything the other side says until it ends or `isEnough`. */
export function readAll(
  socket: Socket,
  isEnough: (bytes: Buffer) => boolean = () => false,
): Promise<Buffer> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0)
    const finish = (): void => {
      socket.off('data', read)
      resolve(bytes)
    }
    const read = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk])
      if (isEnough(bytes)) finish()
    }
    socket.on('data', read).once('end', finish).once('close', finish)
  })
}

/** One raw exchange: sends `bytes`, reads to the end. */
export async function exchange(port: number, bytes: string | Buffer): Promise<string> {
  const socket = await dial(port)
  socket.write(bytes)
  const answer = await readAll(socket)
  socket.destroy()
  return answer.toString('latin1')
}

export const statusOf = (answer: string): number => Number(answer.split(' ')[1])

export async function until(
  isTrue: () => boolean,
  what: string,
  timeoutMs = 60_000,
): Promise<void> {
  const endMs = performance.now() + timeoutMs
  while (!isTrue()) {
    if (performance.now() > endMs) throw new Error(`never happened: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
