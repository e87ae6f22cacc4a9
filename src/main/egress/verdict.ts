import { isIP } from 'node:net'
import { QUESTIONS_NAME } from '../../shared/domain/agent-question.ts'
import { type Decision, type Destination, MACHINE_NAME } from '../../shared/domain/policy.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import { CLASS_WORDS, type Classify, forbiddenName, STANDING } from './addresses.ts'
import { type ConnectFailure, within } from './connecting.ts'
import type { Resolve } from './network.ts'

export interface VerdictParts {
  readonly classify: Classify
  readonly resolve: Resolve
  readonly resolveMs: number
  /** Rules or a person; never rejects. */
  readonly decide: (destination: Destination) => Promise<Decision>
  /** The rule that denies an address the name led to; null: none does. Asks nobody. */
  readonly denies: (destination: Destination) => Decision | null
  /** Ports of this machine that no rule opens. */
  readonly ownPorts: () => ReadonlySet<number>
  /** The client left, or the gateway closes. */
  readonly abort: AbortSignal
}

export interface Verdict {
  readonly decision: Decision
  /** What was decided on the destination itself, whatever was said of its address. */
  readonly ofDestination: Decision
  /** What was decided on: the destination, and its address where that needed a word of its own. */
  readonly decidedOn: readonly Destination[]
  /** The only addresses that may be dialled; empty when denied. */
  readonly addresses: Result<readonly string[], ConnectFailure>
}

const boundary = (reason: string): Decision => ({
  action: 'deny',
  by: { kind: 'boundary', reason },
})

/**
 * Decides one destination, in this order: what the boundary never allows, then rules or a person,
 * and only for an allowed name the resolver, so that no name leaves the machine undecided. Every
 * resolved address is checked: one forbidden address refuses the whole name, and a private one is
 * decided again as that very address, because a name says nothing about where it leads.
 */
export async function reachVerdict(
  destination: Destination,
  parts: VerdictParts,
): Promise<Verdict> {
  const { host } = destination
  const denied = (decision: Decision, decidedOn = [destination]): Verdict => ({
    decision,
    ofDestination: decision,
    decidedOn,
    addresses: ok([]),
  })
  const allowed = (decision: Decision, addresses: Verdict['addresses']): Verdict => ({
    decision,
    ofDestination: decision,
    decidedOn: [destination],
    addresses,
  })

  if (host === MACHINE_NAME) {
    if (parts.ownPorts().has(destination.port))
      return denied(boundary(`port ${destination.port} of this machine belongs to Cloche itself`))
    const decision = await parts.decide(destination)
    if (decision.action === 'deny') return denied(decision)
    return allowed(decision, ok(['127.0.0.1', '::1']))
  }
  if (host === QUESTIONS_NAME)
    return denied(boundary(`${host} takes the agent’s own questions, by HTTP and nothing else`))
  const named = forbiddenName(host)
  if (named !== null) return denied(boundary(`${host} is ${named}`))
  const isAddress = isIP(host) !== 0
  if (isAddress && STANDING[parts.classify(host)] === 'never')
    return denied(boundary(`${host} is ${CLASS_WORDS[parts.classify(host)]}`))

  const first = await parts.decide(destination)
  if (first.action === 'deny') return denied(first)
  if (isAddress) return allowed(first, ok([host]))

  const resolved = await within(parts.resolve(host), parts.resolveMs, parts.abort)
  if (!resolved.ok || resolved.value.length === 0) {
    const failure: ConnectFailure = { kind: 'name', reason: 'the name has no address' }
    return allowed(first, resolved.ok ? err(failure) : resolved)
  }
  const classed = resolved.value.map((address) => ({ address, is: parts.classify(address) }))
  const never = classed.find(({ is }) => STANDING[is] === 'never')
  if (never)
    return denied(
      boundary(`${host} resolves to ${never.address}, which is ${CLASS_WORDS[never.is]}`),
    )
  for (const { address } of classed) {
    const refused = parts.denies({ ...destination, host: address })
    if (refused) return denied(refused)
  }
  const explicit = classed.find(({ is }) => STANDING[is] === 'explicit')
  if (!explicit) return allowed(first, ok(resolved.value))

  const address: Destination = { ...destination, host: explicit.address }
  const second = await parts.decide(address)
  const decidedOn = [destination, address]
  if (second.action === 'deny') return denied(second, decidedOn)
  return { decision: second, ofDestination: first, decidedOn, addresses: ok([explicit.address]) }
}
