import { Server } from 'node:net'
import { err, ok, type Result } from '../../shared/result.ts'
import { startHelper } from './spawn.ts'

/** What runs the small programs that work in a sandbox's network. */
export interface SandboxHelpers {
  /** A real Node, or Electron acting as one with `nodeEnv`. */
  readonly nodePath: string
  readonly nodeEnv: Readonly<Record<string, string>>
  /** Built `sandbox-listener` entry. */
  readonly listenerScript: string
  /** Built `sandbox-connector` entry. */
  readonly connectorScript: string
}

export interface Endpoint {
  readonly host: string
  readonly port: number
}

/**
 * A server that listens on the loopback of the sandbox `pid` belongs to and accepts in this
 * process. Works for an ordinary user because the sandbox has exactly one user namespace and this
 * user made it. `signal` aborts: the helper is killed. The caller owns the server.
 */
export function takeListener(
  pid: number,
  { host, port }: Endpoint,
  program: SandboxHelpers,
  signal: AbortSignal,
): Promise<Result<Server, string>> {
  const { nodePath, nodeEnv, listenerScript } = program
  const target = ['-t', String(pid), '-U', '-n', '--preserve-credentials', '--']
  const helper = startHelper(
    'nsenter',
    [...target, nodePath, listenerScript, host, String(port)],
    nodeEnv,
  )
  return new Promise((resolve) => {
    let words = ''
    let isSettled = false
    const settle = (result: Result<Server, string>): void => {
      if (isSettled) return
      isSettled = true
      signal.removeEventListener('abort', onAbort)
      if (!result.ok) helper.kill('SIGKILL')
      resolve(result)
    }
    const onAbort = (): void => settle(err('it did not answer in time'))
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
    helper.stderr?.on('data', (chunk: Buffer) => {
      if (words.length < 2000) words += chunk.toString('utf8')
    })
    helper.on('message', (_message, handle) => {
      if (handle instanceof Server && isSettled) handle.close()
      else if (handle instanceof Server) settle(ok(handle))
      else settle(err('it sent no listener'))
    })
    helper.on('error', (cause) => settle(err(cause.message)))
    helper.on('exit', (code) => {
      // A message sent just before the exit is still on its way.
      setImmediate(() => settle(err(words.trim() || `it ended with code ${code}`)))
    })
  })
}
