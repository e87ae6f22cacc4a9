import { Transform } from 'node:stream'
import { coversHost } from '../core/policy/match.ts'
import { blotText, createByteBlotter, spellingsOf } from '../core/secrets.ts'
import type { StandIn } from '../core/egress-port.ts'

export interface Swapped {
  /** Names and values, flat. */
  readonly headers: readonly string[]
  readonly used: readonly StandIn[]
}

/**
 * Puts real values where a request has stand-ins, in header values only. A sentence when it has one
 * that is not for this host or would go in the clear: then nothing of it may be sent.
 */
export function swapStandIns(
  request: { readonly headers: readonly string[]; readonly url: string },
  host: string,
  isEncrypted: boolean,
  standIns: readonly StandIn[],
): Swapped | string {
  const used = new Set<StandIn>()
  for (const standIn of standIns) {
    const isInUrl = request.url.includes(standIn.placeholder)
    const isInHead = isInUrl || request.headers.some((text) => has(text, standIn))
    if (!isInHead) continue
    if (!isEncrypted) return `it would send the value of ${standIn.name} unencrypted`
    if (!standIn.hosts.some((pattern) => coversHost(pattern, host)))
      return `the value of ${standIn.name} is not meant for this host`
    if (isInUrl)
      return `the value of ${standIn.name} is only put into headers, never into an address`
    used.add(standIn)
  }
  const headers = request.headers.map((text, index) =>
    index % 2 === 0 ? text : [...used].reduce((value, standIn) => swap(value, standIn), text),
  )
  return { headers, used: [...used] }
}

const BASIC = /^(basic\s+)([A-Za-z0-9+/=_-]+)\s*$/i

/** `Basic` hides a name and a password in base64; git sends tokens so. */
const decodeBasic = (text: string): string | null => {
  const encoded = BASIC.exec(text)?.[2]
  return encoded === undefined ? null : Buffer.from(encoded, 'base64').toString('utf8')
}

const has = (text: string, { placeholder }: StandIn): boolean =>
  text.includes(placeholder) || (decodeBasic(text)?.includes(placeholder) ?? false)

function swap(text: string, { placeholder, value }: StandIn): string {
  const basic = decodeBasic(text)
  if (!basic?.includes(placeholder)) return text.replaceAll(placeholder, value)
  const encoded = Buffer.from(basic.replaceAll(placeholder, value)).toString('base64')
  return text.replace(BASIC, (_all, scheme: string) => `${scheme}${encoded}`)
}

/** What an answer passes through that may send values back; its length stays the same. */
export interface AnswerFilter {
  header(text: string): string
  readonly body: Transform
}

export function createAnswerFilter(used: readonly StandIn[]): AnswerFilter {
  const values = used.map(({ value }) => value)
  const spellings = spellingsOf(values)
  const blotter = createByteBlotter(values)
  return {
    header: (text) => blotText(text, spellings),
    body: new Transform({
      transform: (chunk: Buffer, _encoding, done) => done(null, blotter.push(chunk)),
      flush: (done) => done(null, blotter.rest()),
    }),
  }
}
