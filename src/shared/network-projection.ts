import type { ConnectionId } from './domain/ids.ts'
import type { Decision, Destination, Requester } from './domain/policy.ts'
import type { Fact, HttpExchange } from './domain/timeline.ts'

/** One attempted connection, from the request to its end. */
export interface NetworkEntry {
  readonly id: ConnectionId
  readonly destination: Destination
  readonly requester: Requester | null
  readonly requestedAtMs: number
  readonly decision: Decision | null
  readonly address: string | null
  readonly state: 'waiting' | 'refused' | 'connecting' | 'open' | 'closed' | 'failed'
  readonly reason: string | null
  readonly bytesUp: number
  readonly bytesDown: number
  readonly closedAtMs: number | null
  /** null: not known yet, and in old recordings. */
  readonly carried: Carried | null
  /** The last of its requests that could be read, oldest first. */
  readonly exchanges: readonly HttpExchange[]
}

/** What an open connection turned out to carry; see `net/carried`. */
export type Carried = Omit<Extract<Fact, { type: 'net/carried' }>, 'type' | 'connectionId'>

/** Of one connection; the recording has them all. */
const MOST_EXCHANGES = 200

/** Facts about one connection. */
export type ConnectionFact = Extract<Fact, { connectionId: ConnectionId; type: `net/${string}` }>

/** Changes `network` in place. */
export function applyToNetwork(
  network: Map<ConnectionId, NetworkEntry>,
  fact: ConnectionFact,
  atMs: number,
): void {
  const { connectionId } = fact
  if (fact.type === 'net/requested') {
    const { destination, requester } = fact
    network.set(connectionId, {
      ...UNDECIDED,
      ...{ id: connectionId, destination, requester, requestedAtMs: atMs },
    })
    return
  }
  const entry = network.get(connectionId)
  if (entry) network.set(connectionId, { ...entry, ...changeOf(entry, fact, atMs) })
}

const UNDECIDED: Omit<NetworkEntry, 'id' | 'destination' | 'requester' | 'requestedAtMs'> = {
  decision: null,
  address: null,
  state: 'waiting',
  reason: null,
  bytesUp: 0,
  bytesDown: 0,
  closedAtMs: null,
  carried: null,
  exchanges: [],
}

function changeOf(
  entry: NetworkEntry,
  fact: Exclude<ConnectionFact, { type: 'net/requested' }>,
  atMs: number,
): Partial<NetworkEntry> {
  switch (fact.type) {
    case 'net/decided':
      return fact.decision.action === 'allow'
        ? { decision: fact.decision, state: 'connecting' }
        : { decision: fact.decision, state: 'refused', closedAtMs: atMs }
    case 'net/opened':
      return { state: 'open', address: fact.address }
    case 'net/carried': {
      const { carries, name, isInspected } = fact
      return { carried: { carries, name, isInspected } }
    }
    case 'net/exchange':
      return { exchanges: [...entry.exchanges.slice(1 - MOST_EXCHANGES), fact.exchange] }
    case 'net/refused':
      return { state: 'refused', reason: fact.reason }
    case 'net/failed':
      return { state: 'failed', reason: fact.reason, closedAtMs: atMs }
    case 'net/closed': {
      const { bytesUp, bytesDown } = fact
      // What was refused while it was open stays so.
      const state = entry.state === 'refused' ? 'refused' : 'closed'
      return { state, bytesUp, bytesDown, closedAtMs: atMs }
    }
  }
}
