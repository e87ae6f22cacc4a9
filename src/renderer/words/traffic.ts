import type { HttpExchange } from '../../shared/domain/timeline.ts'
import type { Carried } from '../../shared/network-projection.ts'
import { plural } from './format.ts'
import { revealText } from './reveal.ts'

const CARRIES: Readonly<Record<Carried['carries'], string>> = {
  tls: 'TLS',
  http: 'plain HTTP',
  other: 'neither TLS nor HTTP',
}
const LONGEST_PATH = 120

/** What a connection carries, and for whom. */
export function wordsOfCarried({ carries, name, isInspected }: Carried): string {
  const host = name === null ? '' : ` for ${revealText(name, LONGEST_PATH)}`
  return `${CARRIES[carries]}${host}${isInspected ? ', looked into' : ''}`
}

/** One line of a request and its answer; what the program wrote is revealed and capped. */
export function wordsOfExchange(exchange: HttpExchange): string {
  const { method, path, status, refusal, standIns, omitted } = exchange
  const line = `${revealText(method, 20)} ${revealText(path, LONGEST_PATH)}`
  const answer = refusal ?? (status === null ? 'no answer' : String(status))
  const values = standIns.length > 0 ? `, with ${standIns.join(', ')}` : ''
  const others = omitted > 0 ? `, after ${plural(omitted, 'request')} not listed` : ''
  return `${line}: ${answer}${values}${others}`
}
