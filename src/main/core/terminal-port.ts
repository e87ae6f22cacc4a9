import type { AnyTerminalId } from '../../shared/domain/ids.ts'
import type { ExitStatus } from '../../shared/domain/process.ts'
import type { Result } from '../../shared/result.ts'
import type { TerminalTheme } from '../../shared/terminal-settings.ts'
import type { TerminalSize, TerminalViewer } from '../../shared/terminal-viewer.ts'

/** What the PTY host executes. Made only by a backend, only from a Plan. */
export interface LaunchSpec {
  /** Absolute path. */
  readonly file: string
  readonly args: readonly string[]
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}

export interface TerminalAttachment {
  /** The viewer has drawn everything before `offset`. */
  drawn(offset: number): void
  close(): void
}

export interface PtySpawn {
  readonly terminal: AnyTerminalId
  readonly launch: LaunchSpec
  readonly size: TerminalSize
  /** File the terminal log is appended to; the PTY host is its only writer. */
  readonly logPath: string
  /** `Clock.monoMs` at which the session's own clock reads zero. */
  readonly monoOriginMs: number
  /** Values that are blotted out of the log; viewers see what the program wrote. */
  readonly secrets: readonly string[]
  /** What the program is told when it asks for the terminal's colours; the dark theme if absent. */
  readonly theme?: TerminalTheme
}

export interface PtyEvents {
  /** Counted by the PTY host, at most ten times a second per terminal. */
  active(terminal: AnyTerminalId, bytes: number, totalBytes: number): void
  /** Sent after the last byte of output is in the log. */
  exited(terminal: AnyTerminalId, exit: ExitStatus): void
  /** The log cannot be written (full disk, …). The program is paused until it can be. */
  logFailed(terminal: AnyTerminalId, detail: string): void
  /** The PTY host itself died: every terminal it held is gone. */
  lost(): void
}

/** The process that owns every pseudo-terminal, its log and its screen. */
export interface PtyHost {
  spawn(request: PtySpawn): Promise<Result<{ readonly pid: number }, { readonly detail: string }>>
  write(terminal: AnyTerminalId, bytes: Uint8Array): void
  resize(terminal: AnyTerminalId, size: TerminalSize): void
  /** null: no such terminal (never started here, or released). */
  attach(terminal: AnyTerminalId, viewer: TerminalViewer): TerminalAttachment | null
  /** The last screen as plain text, for the words of a failed start. */
  text(terminal: AnyTerminalId): Promise<string>
  /** Kills the root process outright; for a start that is abandoned. */
  kill(terminal: AnyTerminalId): void
  /** Forgets an ended terminal and its screen. */
  release(terminal: AnyTerminalId): void
  stop(): Promise<void>
}

/** A way into a sandbox that stands, for one more program. Nothing runs yet. */
export interface Entry {
  readonly launch: LaunchSpec
  /**
   * Called once the PTY host spawned `launch` as `pid`. Resolves when the program stands inside with
   * every wall that the agent has, as seen from outside; it waits for `release`. `exited` aborts. An
   * error is a sentence, '' where the program's own words say more.
   */
  join(pid: number, exited: AbortSignal): Promise<Result<Entered, string>>
  /** Undoes it where the spawn or `join` failed. */
  abandon(): Promise<void>
}

/** A person's program in a sandbox. It ends with its sandbox at the latest. */
export interface Entered {
  /** As the kernel that the session's programs run on numbers it. */
  readonly pid: number
  /** Lets it run. */
  release(): Promise<void>
  /** `SIGHUP`: its terminal is gone, which lets it save what it has. Nothing, when it ended. */
  signal(signal: 'SIGHUP' | 'SIGKILL'): Promise<void>
}
