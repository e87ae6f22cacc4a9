import { decode, encode, type Packet, type Question } from 'dns-packet'
import { isIP } from 'node:net'
import { canonicalHost } from '../../core/policy/host-name.ts'
import { type DirectNames, NAME_TTL_S } from './names.ts'

/** No question is longer; what is read of a longer one could take the host long. */
const MAX_BYTES = 512
/** Of the sandbox itself: names below localhost are never anybody else's. */
const LOOPBACK = '127.0.0.1'
const RECURSION_AVAILABLE = 0x80
const SERVER_FAILURE = 2
const NAME_ERROR = 3
const NOT_IMPLEMENTED = 4

/**
 * Answers one question of a sandbox; null: it is no question, and gets no answer. No name ever
 * leaves: every valid one has an address of the sandbox's own, and what it leads to is decided when
 * somebody connects to it. `asked` is told each name that got one.
 */
export function answerQuestion(
  bytes: Uint8Array,
  names: DirectNames,
  asked: (name: string) => void,
): Uint8Array | null {
  const query = read(bytes)
  if (!query || query.type !== 'query' || query.questions?.length !== 1) return null
  const [question] = query.questions
  if (!question) return null
  const reply = (code: number, answers: Packet['answers'] = []): Uint8Array =>
    encode({
      ...{ type: 'response', id: query.id ?? 0, questions: [question], answers },
      flags: ((query.flags ?? 0) & 0x100) | RECURSION_AVAILABLE | code,
    })
  if ((query.flags ?? 0) & 0x7800) return reply(NOT_IMPLEMENTED)
  if (question.type === 'PTR') return reply(...pointer(question, names))

  const name = nameIn(question.name)
  if (name === null) return reply(NAME_ERROR)
  // Other kinds exist of no name here; programs then use the address they got.
  if (question.type !== 'A') return reply(0)
  const isOwn = name === 'localhost' || name.endsWith('.localhost')
  const data = isOwn ? LOOPBACK : names.addressOf(name)
  if (data === null) return reply(SERVER_FAILURE)
  if (!isOwn) asked(name)
  return reply(0, [{ type: 'A', class: 'IN', name: question.name, ttl: NAME_TTL_S, data }])
}

function read(bytes: Uint8Array): Packet | null {
  if (bytes.length > MAX_BYTES) return null
  try {
    return decode(Buffer.from(bytes))
  } catch {
    return null
  }
}

/** Only what could be a destination as well, in its one spelling, and no address. */
function nameIn(text: string): string | null {
  const name = canonicalHost(text)
  return name.ok && isIP(name.value) === 0 ? name.value : null
}

/** `5.0.18.198.in-addr.arpa` → the name behind that address. */
function pointer(
  { name }: Question,
  names: DirectNames,
): [code: number, answers?: Packet['answers']] {
  const parts = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa\.?$/i.exec(name)?.slice(1) ?? []
  const known = names.nameOf(parts.reverse().join('.'))
  return known === null
    ? [NAME_ERROR]
    : [0, [{ type: 'PTR', class: 'IN', name, ttl: NAME_TTL_S, data: known }]]
}
