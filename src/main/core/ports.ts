import type { Server } from 'node:net'
import type { AuditEntry, AuditVerdict } from '../../shared/domain/audit.ts'
import type { SessionId, TerminalId } from '../../shared/domain/ids.ts'
import type { EffectivePolicy } from '../../shared/domain/effective-policy.ts'
import type { AxisReport, IsolationLevel } from '../../shared/domain/isolation.ts'
import type { LimitName, LimitReport, Limits } from '../../shared/domain/limits.ts'
import type { Requester } from '../../shared/domain/policy.ts'
import type { ExitStatus, ProcessKey } from '../../shared/domain/process.ts'
import type { ProcessInspection } from '../../shared/domain/process-details.ts'
import type { Diagnosis } from '../../shared/domain/sandbox.ts'
import type { StartFailure } from '../../shared/domain/session.ts'
import type { Fact, RecordingSummary, Stamp, TimelineEvent } from '../../shared/domain/timeline.ts'
import type { Result } from '../../shared/result.ts'
import type { KeepMounts } from './mount-port.ts'
import type { Plan } from './isolation/plan.ts'
import type { AgentCommands } from './process-roles.ts'
import type { Known } from './processes.ts'
import type { Entry, LaunchSpec } from './terminal-port.ts'

export interface Clock {
  /** Milliseconds since the epoch; may jump. */
  wallMs(): number
  /** Milliseconds on the machine's monotonic clock; comparable between processes. */
  monoMs(): number
}

/** Never receives payload bodies, environments or file contents. */
export interface Log {
  info(message: string): void
  warn(message: string, cause?: unknown): void
  error(message: string, cause?: unknown): void
}

/** Starts one of our own processes: a utility process in Electron, a forked Node otherwise. */
export interface ProcessStarter {
  start(entry: 'pty-host'): ChildPort
}
export interface ChildPort {
  send(message: unknown): void
  onMessage(receive: (message: unknown) => void): void
  onExit(exited: () => void): void
  kill(): void
}

export interface SandboxBackend {
  readonly level: IsolationLevel
  /** Gives back what it holds between sessions; none runs any more. */
  close?(): Promise<void>
  diagnose(): Promise<Diagnosis>
  /** What `build` would make, in words and as the exact command; changes nothing. */
  describe(plan: Plan): Promise<Result<EffectivePolicy, StartFailure>>
  /** Prepares everything that must exist before the first process. Nothing runs yet. */
  build(
    plan: Plan,
    sessionId: SessionId,
    observe?: Observe,
  ): Promise<Result<SandboxBuild, StartFailure>>
}

/** Whose calls are seen: of programs here, or of those in another kernel, as its own observer tells. */
export type ObservedPrograms = 'here' | 'guest'

/**
 * Begins the watch of the workspace, once in each build, without what the plan hides in it. Resolves
 * with the socket of the observer: of native/write-notices.h, or for programs of another kernel of
 * native/guest-observer.c; null: there is none.
 */
export type Observe = (
  hidden: readonly string[],
  programs: ObservedPrograms,
) => Promise<string | null>

export interface SandboxBuild {
  /** The plan in words and as the exact command. */
  readonly policy: EffectivePolicy
  readonly launch: LaunchSpec
  /**
   * Called once the PTY host spawned `launch` as `pid`. Resolves when the boundary stands and was
   * probed from inside; the agent itself still waits for `Sandbox.release`. `exited` aborts.
   */
  join(pid: number, exited: AbortSignal): Promise<Result<Sandbox, StartFailure>>
  /** Undoes `build` when the spawn failed or `join` was never reached. */
  abandon(): Promise<void>
}

/** A port of this machine's loopback that leads into a sandbox. */
export interface Forward {
  readonly localPort: number
  close(): void
}

/** The ends of a sandbox's network in this process. Whoever serves it closes them. */
export interface SandboxNetwork {
  /** Accepts what programs send to the proxy. */
  readonly proxy: Server
  /** null: programs that know nothing of proxies have no way out. */
  readonly direct: DirectNetwork | null
  /** null: the kernel's tables must do, which are slow where a machine has many connections. */
  readonly sockets: SocketFinder | null
}

/** Asks the kernel for TCP sockets of a sandbox by their two ends. */
export interface SocketFinder {
  /**
   * Called with each connection to the gateway that begins, where the kernel can hold it: it goes on
   * when the promise resolves, and after 0.8 s at the latest. One listener at most.
   */
  onHeld(look: (ends: SocketEnds, inode: string | null) => Promise<void>): void
  /** In the same order; null where there is no such socket. Rejects when it cannot be asked. */
  inodes(ends: readonly SocketEnds[]): Promise<readonly (string | null)[]>
  /** Further calls do nothing. */
  close(): void
}

/** As the socket itself sees them; addresses are of four or sixteen bytes, both alike. */
export interface SocketEnds {
  readonly own: Uint8Array
  readonly ownPort: number
  readonly other: Uint8Array
  readonly otherPort: number
}

export interface DirectNetwork {
  /**
   * Accept connections to every other address; an accepted socket's own address is the one that
   * was dialled.
   */
  readonly listeners: readonly Server[]
  readonly resolver: ResolverSocket
}

/** Where programs inside ask for names. */
export interface ResolverSocket {
  /** Who answers from now on; null is no answer. */
  answerWith(answer: (question: Uint8Array) => Uint8Array | null): void
  /** Further calls do nothing. */
  close(): void
}

/** The /proc of a kernel. null: gone or hidden, an ordinary answer at any time. */
export interface ProcFiles {
  /** The beginning of a file, at most `limit` bytes. */
  read(path: string, limit: number): Promise<Buffer | null>
  link(path: string): Promise<string | null>
  /** Names in a folder. Rejects when nobody answers who could say. */
  list(path: string): Promise<readonly string[] | null>
  /** Names in a folder of links and where each leads, at most `limit` of them, in its order. */
  links(path: string, limit: number): Promise<ReadonlyMap<string, string> | null>
}

/** A sandbox's own kernel, as far as it may be asked from here. */
export interface GuestKernel {
  /** The session's first process, as that kernel numbers it. */
  readonly rootPid: number
  readonly proc: ProcFiles
  /** Starts native/process-events.c there. `stdout` closes when it ends, or the kernel does. */
  events(): { readonly stdin: NodeJS.WritableStream; readonly stdout: NodeJS.ReadableStream }
  /** Checks there, in the moment before, who it is. */
  signal: ProcessSignals['send']
}

export interface Sandbox {
  /** Host pid of the sandbox's first process. */
  readonly rootPid: number
  /** null: its processes are this machine's. */
  readonly kernel: GuestKernel | null
  readonly axes: readonly AxisReport[]
  /** What of the plan's limits is in force, and by what. */
  readonly limits: readonly LimitReport[]
  /** Tells each limit that is reached, at most once a minute, until the sandbox is destroyed. */
  watchLimits(reached: (limit: LimitName, detail: string) => void): void
  /** From now on these; an error names those that a running sandbox cannot change, and changes nothing. */
  changeLimits(limits: Limits): Promise<Result<readonly LimitReport[], readonly LimitName[]>>
  /** Tries the boundary again from inside, while the program runs. */
  probe(): Promise<readonly AxisReport[]>
  /** A cheap look from outside: whether something stands otherwise than planned. */
  hasDrifted(): Promise<boolean>
  /** null: nothing here can put back a lost mount, and `hasDrifted` shows it. */
  readonly keepMounts: KeepMounts | null
  /** null when it is on the host's network. */
  readonly network: SandboxNetwork | null
  /** Ports that programs inside listen on; empty where the sandbox has no network of its own. */
  listening(): Promise<readonly number[]>
  /** Opens a port of this machine that leads to one inside. The caller closes it. */
  forward(port: number): Promise<Result<Forward, string>>
  /** Lets the agent start. */
  release(): Promise<void>
  /**
   * A way in for one more program with a terminal: `shell` where it is there inside, else another.
   * An error is a sentence, and nothing was made.
   */
  enter(shell: string | null): Promise<Result<Entry, string>>
  /**
   * Freezes or thaws every process at once, by the kernel; resolves with whether all of them obeyed.
   * null: nothing here can, and signals must do.
   */
  readonly hold: ((isHeld: boolean) => Promise<boolean>) | null
  /** Asks the program to end (SIGTERM to what the sandbox runs, not to the sandbox). */
  terminate(): Promise<void>
  /** Ends every process of the sandbox and frees what it held. Resolves when none is left. */
  destroy(): Promise<void>
}

/** Reads processes of a sandbox from the outside. */
export interface ProcessReader {
  /** Pids of every live process in the sandbox whose first process is `rootPid`. */
  members(rootPid: number): Promise<number[]>
  /** The process and its ancestors up to and including `rootPid`; null when it is gone. */
  requester(pid: number, rootPid: number): Promise<Requester | null>
  /** Those of these sockets, by inode, that a process holds. */
  holding(pid: number, wanted: ReadonlySet<string>): Promise<readonly string[]>
  /** Connections in the network of a process, as the kernel writes them; '': they are hidden. */
  netTable(pid: number, name: 'tcp' | 'tcp6'): Promise<string>
  /** Of the network of a process that is alive now; it may end before they are read. */
  counters(pid: number): Promise<NetCounters>
}

/** A network's snmp and snmp6, as the kernel writes them; '': there is none any more. */
export interface NetCounters {
  read(): Promise<string>
  close(): Promise<void>
}

export interface WatchRequest {
  readonly sessionId: SessionId
  /** What the agent is configured to start, for the names of roles. */
  readonly commands: AgentCommands
  /** The session's first process. */
  readonly rootPid: number
  /** What happened, in order; many at once when much happens. */
  readonly report: (facts: readonly Fact[]) => void
}

/** Watches the processes of one session from its first process on. */
export interface ProcessWatch {
  /** Resolves when nothing the session starts from now on is missed that can be seen at all. */
  readonly ready: Promise<void>
  /** Members that have not ended, as last seen; after `stop`, those that outlived the session. */
  live(): readonly Known[]
  /** The same, looked at now: everything that started before the call is among them. */
  refresh(): Promise<readonly Known[]>
  /**
   * Takes in a process that none of its own started, as a terminal's: it and what it starts are
   * watched from when this resolves. null: it is gone.
   */
  adopt(pid: number): Promise<ProcessKey | null>
  /**
   * Looks a last time and reports what ended. `rootExit`: how the first process ended, from whoever
   * started it; counts when nothing better is known.
   */
  stop(rootExit?: ExitStatus): Promise<void>
}

/** A process that no later one can be taken for; see `ProcessKey`. */
export interface ProcessRef {
  readonly pid: number
  readonly startTicks: number
}

export type ProcessSignal = 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGHUP'

/** Signals of one kernel's processes. Checks who it is in the moment before; never rejects. */
export interface ProcessSignals {
  /** `refused`: the kernel does not let this user (a program with other rights). */
  send(process: ProcessRef, signal: ProcessSignal): Promise<'sent' | 'gone' | 'refused'>
  /** Its state letter now; null: gone, or ended and only not reaped. */
  state(process: ProcessRef): Promise<string | null>
}

/** Names the session in the environment of what it starts, where nothing else would afterwards. */
export const SESSION_VARIABLE = 'CLOCHE_SESSION'

export interface OrphanProcess extends ProcessRef {
  readonly name: string
  readonly argv: string[]
  readonly startedAtMs: number
}

/** Finds processes of a session that ended. */
export interface OrphanFinder {
  /** null: this system has none, and nothing is looked for after a restart. */
  bootId(): Promise<string | null>
  /** null: it is gone. */
  identify(pid: number): Promise<ProcessRef | null>
  /** Those of `known` that still run, those that carry the session's mark, and their descendants. */
  find(session: SessionId, known: readonly ProcessRef[]): Promise<readonly OrphanProcess[]>
}

/** Looks closely at one process; null when it is gone. Never reads values of its environment. */
export interface ProcessInspector {
  inspect(process: ProcessRef, workspace: string): Promise<ProcessInspection | null>
}

/** Where a recording stands, without reading all of it. */
export interface RecordingHead {
  readonly summary: RecordingSummary
  /** Of the last event. */
  readonly last: Stamp
}

export interface EventPage {
  readonly events: TimelineEvent[]
  readonly isLast: boolean
}

/** Append-only events of every session, and the summary of each recording. */
export interface EventStore {
  /** Creates the recording; from then on `append` is allowed. Fails when the disk refuses. */
  create(
    first: TimelineEvent,
    sessionId: SessionId,
  ): Promise<Result<void, { readonly detail: string }>>
  /** Queues; on disk at the latest half a second later. */
  append(sessionId: SessionId, event: TimelineEvent): void
  /** Everything readable, damage named; repairs a torn tail before the first append. */
  read(sessionId: SessionId): Promise<{ events: TimelineEvent[]; damage: string[] } | null>
  /** Readable events from `fromSeq` on, at most `most`, and no more than a few mebibytes of them. */
  page(sessionId: SessionId, fromSeq: number, most: number): Promise<EventPage>
  list(): Promise<SessionId[]>
  summary(sessionId: SessionId): Promise<RecordingSummary | null>
  head(sessionId: SessionId): Promise<RecordingHead | null>
  /** `terminal`: a further one of its, not the agent's. */
  terminalLogPath(sessionId: SessionId, terminal?: TerminalId | null): string
  /** The further ones of which there is a log, in one order. */
  terminals(sessionId: SessionId): Promise<readonly TerminalId[]>
  /** Bytes of the terminal log from `offset`, at most `length`; empty at the end. */
  readTerminalLog(
    sessionId: SessionId,
    offset: number,
    length: number,
    terminal?: TerminalId | null,
  ): Promise<Uint8Array>
  /** On disk, with everything that belongs to the recording. */
  bytesOf(sessionId: SessionId): Promise<number>
  remove(sessionId: SessionId): Promise<void>
  flush(): Promise<void>
}

/** Entries of one chain, in which nothing that was written can be changed unseen. */
export interface AuditStore {
  append(entry: Omit<AuditEntry, 'n'>): void
  /** Entries with these words in them, in any case, that can be read, oldest first; '': all. */
  read(words: string): Promise<AuditEntry[]>
  verify(): Promise<AuditVerdict>
  close(): Promise<void>
}

/** A small versioned JSON document, replaced atomically. */
export interface DocumentStore<T> {
  /** A damaged or newer file is set aside under another name, never overwritten; `notice` says so. */
  load(): Promise<{ value: T; notice: string | null }>
  save(value: T): Promise<void>
}

/** Keeps text on disk so that only this person's desktop session can read it. */
export interface SecretBox {
  readonly place: 'keyring' | 'memory'
  /** Where and why there, as a sentence. */
  readonly detail: string
  /** In base64; null: it must not be written to disk. */
  seal(text: string): Promise<string | null>
  /** null: this keyring does not open it. */
  open(sealed: string): Promise<string | null>
}
