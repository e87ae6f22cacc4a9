// Processes of the egress bench: the proxies that are measured, `worker cloche|srt PORT FILE ROOT`, and
// the one that starts the load, `client`, which stands for a sandbox's first process.
import { plainStarter } from '../src/main/backends/program-starter.ts'
import { spawn } from 'node:child_process'
import { createServer, type Server } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createSocketFinder } from '../src/main/backends/socket-finder.ts'
import { createEgressGateway } from '../src/main/egress/gateway.ts'
import { withMappedHosts } from '../src/main/egress/mapped-hosts.ts'
import { createSystemResolve, dialAddresses } from '../src/main/egress/network.ts'
import { createMachineKernel } from '../src/main/procwatch/machine-proc.ts'
import { createProcessReader } from '../src/main/procwatch/procfs.ts'
import type { SessionId } from '../src/shared/domain/ids.ts'

export const NAME = 'bench.example.test'

const quiet = (): undefined => undefined

/** As in a session: attributed, decided, told of; only who decides is made up. */
async function cloche(port: number, socketsProgram: string, rootPid: number): Promise<Server> {
  const gateway = createEgressGateway({
    ...withMappedHosts(`${NAME}=127.0.0.1:${port}`, {
      resolve: createSystemResolve(),
      dial: dialAddresses,
    }),
    log: { info: quiet, warn: quiet, error: console.error },
  })
  const listener = createServer()
  const clock = { wallMs: () => Date.now(), monoMs: () => performance.now() }
  gateway.serve(
    {
      proxy: listener,
      direct: null,
      sockets: await createSocketFinder({
        ...{ starter: plainStarter, program: socketsProgram, pid: rootPid, proxyPort: 0 },
      }),
    },
    {
      sessionId: 'ses_00000000' as SessionId,
      rootPid,
      processes: createProcessReader(createMachineKernel(), clock),
      decide: () =>
        Promise.resolve({ action: 'allow', by: { kind: 'person', lifetime: 'session' } }),
      ruled: () => 'ask',
      looksInside: () => false,
      inspection: null,
      standIns: [],
      bring: null,
      report: quiet,
    },
  )
  return listener
}

/** Starts one, and says its port. `file`: srt's proxy, or Cloche's program that finds sockets. */
export async function runProxy(
  kind: string,
  port: number,
  file: string,
  rootPid: number,
): Promise<void> {
  const server: Server =
    kind === 'cloche'
      ? await cloche(port, file, rootPid)
      : (await import(file)).createHttpProxyServer({ filter: () => true })
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
  process.on('message', () => process.send?.(process.memoryUsage().rss))
}

/** Runs what it is told, one after the other, and says what that printed. */
export function runClient(): void {
  process.on('message', ([file, ...args]: [string, ...string[]]) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += String(chunk)
    })
    child.on('close', (code) => process.send?.({ code, text }))
  })
}
