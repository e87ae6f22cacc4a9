import type { ConnectionId, SessionId } from '../../shared/domain/ids.ts'
import type { Decision, Destination, HostPattern, Requester } from '../../shared/domain/policy.ts'
import type { Fact } from '../../shared/domain/timeline.ts'
import type { KnownTraffic } from './policy/match.ts'
import type { ProcessReader, SandboxNetwork } from './ports.ts'

export interface EgressOptions {
  readonly sessionId: SessionId
  /** null: attribution is not possible (no sandbox of its own). */
  readonly rootPid: number
  readonly processes: ProcessReader
  /** Answers when the policy or a person has; never rejects; a fault inside it means deny. */
  decide(request: {
    readonly connectionId: ConnectionId
    readonly destination: Destination
    readonly requester: Requester | null
    /** What it turned out to be since it was first decided. */
    readonly known?: KnownTraffic
    /** Aborted when the client went away: the prompt is withdrawn. */
    readonly gone: AbortSignal
  }): Promise<Decision>
  /** What the rules alone say; asks nobody. */
  ruled(
    destination: Destination,
    requester: Requester | null,
    known?: KnownTraffic,
  ): Decision | 'ask'
  /** Whether TLS to it is looked into. */
  looksInside(destination: Destination, requester: Requester | null): boolean
  /** null: this session's programs trust nobody but the hosts themselves. */
  readonly inspection: Inspection | null
  readonly standIns: readonly StandIn[]
  /** Takes a question of the agent itself; null: there is none in it. Itself null: this agent has none. */
  readonly bring: ((brought: BroughtQuestion) => Promise<QuestionReply | null>) | null
  report(fact: Fact): void
}

/** What a program inside brought as its agent's question; nothing of it is checked yet. */
export interface BroughtQuestion {
  /** Parsed JSON. */
  readonly body: unknown
  readonly requester: Requester | null
  /** Aborted when the program hung up: its question is withdrawn. */
  readonly gone: AbortSignal
}

export interface QuestionReply {
  /** Empty: no decision. */
  readonly body: string
  /** Called once: whether all of it went to the connection that asked. */
  told(isTaken: boolean): void
}

/** What one session's programs trust, so that its gateway can look into their TLS. */
export interface Inspection {
  /** PEM; the key that belongs to it never leaves this object. */
  readonly certificate: string
  /** A key and a certificate for a host, PEM, signed by `certificate`. */
  leafFor(host: string): Promise<{ readonly key: string; readonly cert: string }>
}

/** A value that only the gateway knows, and what stands in for it inside. */
export interface StandIn {
  readonly name: string
  readonly placeholder: string
  readonly value: string
  readonly hosts: readonly HostPattern[]
}

export interface EgressGateway {
  /** What a session needs so that its TLS can be looked into. */
  createInspection(): Promise<Inspection>
  /** One gateway per sandbox; no state is shared between two of them. */
  serve(network: SandboxNetwork, options: EgressOptions): EgressHandle
}

/**
 * Whether a live connection that was decided on this destination is to be ended. `isResolved`: it is
 * an address the name led to, which only a rule that denies speaks of.
 */
export type CutMatch = (
  destination: Destination,
  requester: Requester | null,
  isResolved: boolean,
  known: KnownTraffic,
) => boolean

export interface EgressHandle {
  /** Cuts live connections; returns how many. */
  cut(matches: CutMatch): number
  close(): Promise<void>
}
