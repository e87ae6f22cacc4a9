import type { Socket } from 'node:net'
import { err, ok, type Result } from '../../shared/result.ts'
import { wordsOfTls } from './tls/inspect.ts'

export interface ConnectFailure {
  readonly kind: 'name' | 'refused' | 'unreachable' | 'timeout' | 'cut'
  /** For the timeline and the client; no address of the machine in it. */
  readonly reason: string
}

const CODES: Readonly<Record<string, ConnectFailure>> = {
  ECONNREFUSED: { kind: 'refused', reason: 'the connection was refused' },
  ECONNRESET: { kind: 'refused', reason: 'the connection was reset' },
  ETIMEDOUT: { kind: 'timeout', reason: 'no answer in time' },
  EHOSTUNREACH: { kind: 'unreachable', reason: 'the host is unreachable' },
  ENETUNREACH: { kind: 'unreachable', reason: 'the network is unreachable' },
  EADDRNOTAVAIL: { kind: 'unreachable', reason: 'the network is unreachable' },
  ENOTFOUND: { kind: 'name', reason: 'the name does not exist' },
  ENODATA: { kind: 'name', reason: 'the name has no address' },
  EAI_AGAIN: { kind: 'name', reason: 'the name could not be resolved now' },
}
const TIMEOUT: ConnectFailure = { kind: 'timeout', reason: 'no answer in time' }
const CUT: ConnectFailure = { kind: 'cut', reason: 'it was ended while it connected' }

export function connectFailure(cause: unknown): ConnectFailure {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
  return CODES[code] ?? { kind: 'unreachable', reason: wordsOfTls(cause) ?? code }
}

/** Resolves once `socket` is connected, or with why it never will be; then it is destroyed. */
export function connected(
  socket: Socket,
  timeoutMs: number,
  abort: AbortSignal,
): Promise<Result<Socket, ConnectFailure>> {
  return new Promise((resolve) => {
    const finish = (result: Result<Socket, ConnectFailure>): void => {
      clearTimeout(timer)
      abort.removeEventListener('abort', cut)
      socket.off('connect', succeed).off('error', fail)
      // Destroying may still report an error; it has been answered already.
      if (!result.ok) socket.on('error', () => undefined).destroy()
      resolve(result)
    }
    const succeed = (): void => finish(ok(socket))
    const fail = (cause: Error): void => finish(err(connectFailure(cause)))
    const cut = (): void => finish(err(CUT))
    const timer = setTimeout(() => finish(err(TIMEOUT)), timeoutMs)
    socket.once('connect', succeed).once('error', fail)
    abort.addEventListener('abort', cut)
    if (abort.aborted) cut()
  })
}

/** `work`, or a failure when it takes too long or nobody waits for it any more. */
export async function within<T>(
  work: Promise<T>,
  timeoutMs: number,
  abort: AbortSignal,
): Promise<Result<T, ConnectFailure>> {
  let stop: (failure: ConnectFailure) => void = () => undefined
  const stopped = new Promise<Result<T, ConnectFailure>>((resolve) => {
    stop = (failure) => resolve(err(failure))
  })
  const timer = setTimeout(() => stop(TIMEOUT), timeoutMs)
  const cut = (): void => stop(CUT)
  abort.addEventListener('abort', cut)
  if (abort.aborted) cut()
  const done = work.then(ok, (cause: unknown) => err(connectFailure(cause)))
  const result = await Promise.race([done, stopped])
  clearTimeout(timer)
  abort.removeEventListener('abort', cut)
  return result
}
