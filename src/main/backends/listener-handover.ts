import { Server } from 'node:net'
import { err, ok, type Result } from '../../shared/result.ts'
import { startHelper } from './spawn.ts'

export interface HandoverOptions {
  readonly nodePath: string
  readonly nodeEnv: Readonly<Record<string, string>>
  readonly script: string
  readonly host: string
  readonly port: number
  readonly timeoutMs: number
}

/**
 * A server that listens on the loopback of the sandbox `pid` belongs to and accepts in this
 * process. Works for an ordinary user because the sandbox has exactly one user namespace and this
 * user made it. The caller owns the server.
 */
export function takeListener(
  pid: number,
  options: HandoverOptions,
): Promise<Result<Server, string>> {
  const target = ['-t', String(pid), '-U', '-n', '--preserve-credentials', '--']
  const helper = startHelper(
    'nsenter',
    [...target, options.nodePath, options.script, options.host, String(options.port)],
    options.nodeEnv,
  )
  return new Promise((resolve) => {
    let words = ''
    let isSettled = false
    const settle = (result: Result<Server, string>): void => {
      if (isSettled) return
      isSettled = true
      clearTimeout(timer)
      if (!result.ok) helper.kill('SIGKILL')
      resolve(result)
    }
    const timer = setTimeout(() => settle(err('it did not answer in time')), options.timeoutMs)
    helper.stderr?.on('data', (chunk: Buffer) => {
      if (words.length < 2000) words += chunk.toString('utf8')
    })
    helper.on('message', (_message, handle) => {
      if (handle instanceof Server) settle(ok(handle))
      else settle(err('it sent no listener'))
    })
    helper.on('error', (cause) => settle(err(cause.message)))
    helper.on('exit', (code) => {
      // A message sent just before the exit is still on its way.
      setImmediate(() => settle(err(words.trim() || `it ended with code ${code}`)))
    })
  })
}
