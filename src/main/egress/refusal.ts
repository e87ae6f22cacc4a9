import type { Socket } from 'node:net'
import type { Decision, Destination } from '../../shared/domain/policy.ts'
import { assertNever } from '../../shared/result.ts'
import { destinationText } from './destination.ts'

/** What a client gets to read in place of its connection. */
export interface Refusal {
  readonly status: 400 | 403 | 431 | 502
  readonly text: string
  /** Value of X-Cloche-Decision; null when nothing was decided. */
  readonly decision: string | null
}

export const refusedByDecision = (destination: Destination, decision: Decision): Refusal => ({
  status: 403,
  text: `Cloche refused ${destinationText(destination)}: ${decidedBy(decision)}.`,
  decision: `${decision.action}; by=${decision.by.kind}${
    decision.by.kind === 'rule' ? `; rule=${decision.by.ruleId}` : ''
  }`,
})

export const refusedAsMalformed = (reason: string, status: 400 | 403 | 431 = 400): Refusal => ({
  status,
  text: `Cloche could not carry this request: ${reason}.`,
  decision: null,
})

export const failedToConnect = (destination: Destination, reason: string): Refusal => ({
  status: 502,
  text: `Cloche allowed ${destinationText(destination)}, but it could not be reached: ${reason}.`,
  decision: null,
})

export function decidedBy({ by }: Decision): string {
  switch (by.kind) {
    case 'person':
      return 'the person at the machine denied it'
    case 'rule':
      return `a rule denies it (${by.ruleId})`
    case 'timeout':
      return 'nobody answered the question in time'
    case 'boundary':
      return `the boundary never allows it: ${by.reason}`
    case 'default':
      return by.reason
    default:
      return assertNever(by, 'decision origin')
  }
}

const STATUS_TEXT: Readonly<Record<Refusal['status'], string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  431: 'Request Header Fields Too Large',
  502: 'Bad Gateway',
}

/** Header names and values, flat, as `writeHead` and `rawHeaders` have them. */
export function refusalHeaders(refusal: Refusal): string[] {
  return [
    ...['Content-Type', 'text/plain; charset=utf-8'],
    ...['Content-Length', String(Buffer.byteLength(`${refusal.text}\n`))],
    ...(refusal.decision === null ? [] : ['X-Cloche-Decision', refusal.decision]),
  ]
}

/** The whole response, for a socket that no HTTP server holds any more. */
export function refusalResponse(refusal: Refusal): string {
  const headers = [...refusalHeaders(refusal), 'Connection', 'close']
  return `${headText(`HTTP/1.1 ${refusal.status} ${STATUS_TEXT[refusal.status]}`, headers)}${refusal.text}\n`
}

export function headText(startLine: string, headers: readonly string[]): string {
  let text = `${startLine}\r\n`
  for (let i = 0; i + 1 < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
  return `${text}\r\n`
}

/** Says the last word and hangs up, giving the client a moment to read it. */
export function endClient(socket: Socket, lastWord: string | Uint8Array, lingerMs: number): void {
  socket.end(lastWord)
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(timer))
}
