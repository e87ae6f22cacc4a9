import type { Caller } from '../../shared/contract/define.ts'
import type { OpenTerminalError } from '../../shared/contract/terminal-api.ts'
import type { SessionId, TerminalId } from '../../shared/domain/ids.ts'
import type { ExitStatus } from '../../shared/domain/process.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import { type Deferred, deferred } from './deferred.ts'
import type { NewId } from './ids.ts'
import { FIRST_SIZE } from './launch.ts'
import type { EventStore, Log, Sandbox } from './ports.ts'
import type { Secrets } from './secrets.ts'
import type { Sessions } from './sessions.ts'
import type { Entered, PtyHost } from './terminal-port.ts'
import type { Timeline } from './timeline.ts'

/** Of one session at once. */
export const MOST_TERMINALS = 8

export interface FurtherTerminalsOptions {
  readonly sessions: () => Pick<Sessions, 'get' | 'sandbox' | 'watchOf'>
  readonly ptyHost: Pick<PtyHost, 'spawn' | 'kill' | 'text' | 'release'>
  readonly timeline: Pick<Timeline, 'append' | 'state' | 'monoOriginMs'>
  readonly store: Pick<EventStore, 'terminalLogPath'>
  readonly secrets: Pick<Secrets, 'of'>
  readonly newId: NewId
  readonly log: Log
  /** The person's own; null: it is not known. */
  readonly shell: string | null
  readonly mayUnconfineInBrowser: boolean
  /** Milliseconds a program gets to end by itself once its terminal is closed. */
  readonly graceMs: number
}

/** Terminals of sessions besides the agent's: in each a shell of the person's, behind the same boundary. */
export interface FurtherTerminals {
  open(
    session: SessionId,
    caller: Pick<Caller, 'shell'>,
  ): Promise<Result<TerminalId, OpenTerminalError>>
  /** Ends its shell and resolves when that is gone. One that has ended is only forgotten. */
  close(
    session: SessionId,
    terminal: TerminalId,
  ): Promise<Result<null, { readonly type: 'unknown_terminal' }>>
  /** Whether a viewer of this session may see it and type into it. */
  has(session: SessionId, terminal: TerminalId): boolean
  /** The session's sandbox is gone: resolves when none of its terminals runs any more. */
  endAll(session: SessionId): Promise<void>
  /** Their last screens are not wanted any more. */
  forget(session: SessionId): void
  /** PTY host events, wired by the composition root. */
  active(terminal: TerminalId, bytes: number, totalBytes: number): void
  exited(terminal: TerminalId, exit: ExitStatus): void
  logFailed(terminal: TerminalId, detail: string): void
  ptyHostLost(): void
}

interface Held {
  readonly session: SessionId
  readonly number: number
  /** Aborted when nothing runs in it any more, or nothing may. */
  readonly over: AbortController
  /** Settled when it was opened, or refused. */
  readonly opened: Deferred
  readonly ended: Deferred
  isSpawned: boolean
  program: Entered | null
  /** Its shell runs, or ran: the timeline tells of it. */
  isTold: boolean
}

const newHeld = (session: SessionId, number: number): Held => ({
  ...{ session, number, over: new AbortController(), opened: deferred(), ended: deferred() },
  ...{ isSpawned: false, program: null, isTold: false },
})

export function createFurtherTerminals(options: FurtherTerminalsOptions): FurtherTerminals {
  const { ptyHost, timeline } = options
  const held = new Map<TerminalId, Held>()
  const numbers = new Map<SessionId, number>()

  const of = (session: SessionId): [TerminalId, Held][] =>
    [...held].filter(([, terminal]) => terminal.session === session)

  const refusal = (
    id: SessionId,
    { shell }: Pick<Caller, 'shell'>,
  ): Result<never, OpenTerminalError> | null => {
    const session = options.sessions().get(id)
    if (!session) return err({ type: 'unknown_session' })
    if (session.status !== 'running') return err({ type: 'not_live' })
    const running = of(id).filter(([, { over }]) => !over.signal.aborted)
    if (running.length >= MOST_TERMINALS) return err({ type: 'too_many', most: MOST_TERMINALS })
    const refuse = (reason: string) => err({ type: 'refused', reason } as const)
    if (timeline.state(id)?.frozen) return refuse('The session is frozen. Thaw it first.')
    const isUnconfined = session.spec.level === 'unconfined'
    return isUnconfined && shell === 'web' && !options.mayUnconfineInBrowser
      ? refuse('A browser may open no terminal outside of a boundary.')
      : null
  }

  /** An error is a sentence; nothing of the person's ran then. */
  const start = async (
    id: TerminalId,
    terminal: Held,
    sandbox: Sandbox,
  ): Promise<Result<null, string>> => {
    const { session, over } = terminal
    const entry = await sandbox.enter(options.shell)
    if (!entry.ok) return entry
    const { launch, join, abandon } = entry.value
    const spawned = await ptyHost.spawn({
      ...{ terminal: id, launch, size: FIRST_SIZE },
      logPath: options.store.terminalLogPath(session, id),
      monoOriginMs: timeline.monoOriginMs(session),
      secrets: options.secrets.of(session),
    })
    if (!spawned.ok) {
      await abandon()
      return err(spawned.error.detail)
    }
    terminal.isSpawned = true
    const joined = await join(spawned.value.pid, over.signal)
    if (!joined.ok) {
      const words = (await ptyHost.text(id)).trim()
      await abandon()
      return err(joined.error || words || 'It ended before it stood inside.')
    }
    terminal.program = joined.value
    // Nothing it starts may come before its watch.
    const key = (await options.sessions().watchOf(session)?.adopt(joined.value.pid)) ?? null
    if (key === null || over.signal.aborted) return err('The session ended meanwhile.')
    terminal.isTold = true
    timeline.append(session, {
      type: 'terminal/opened',
      terminal: id,
      number: terminal.number,
      key,
    })
    await joined.value.release()
    return ok(null)
  }

  /** Asks it to end, and kills it and whoever holds its terminal after `graceMs`. */
  const end = async (id: TerminalId, terminal: Held, graceMs: number): Promise<void> => {
    if (!terminal.isSpawned) return
    await terminal.program?.signal('SIGHUP')
    const timer = setTimeout(() => {
      ptyHost.kill(id)
      void terminal.program?.signal('SIGKILL')
    }, graceMs)
    await terminal.ended.promise
    clearTimeout(timer)
  }

  const forgetOne = (id: TerminalId): void => {
    held.delete(id)
    ptyHost.release(id)
  }

  const exited = (id: TerminalId, exit: ExitStatus): void => {
    const terminal = held.get(id)
    if (!terminal) return
    terminal.over.abort(exit)
    if (terminal.isTold)
      timeline.append(terminal.session, { type: 'terminal/ended', terminal: id, exit })
    terminal.isTold = false
    terminal.ended.resolve()
  }

  return {
    open: async (session, caller) => {
      const refused = refusal(session, caller)
      if (refused) return refused
      const sandbox = options.sessions().sandbox(session)
      if (!sandbox.ok) return sandbox
      const id = options.newId('trm')
      const number = (numbers.get(session) ?? 0) + 1
      numbers.set(session, number)
      const terminal = newHeld(session, number)
      held.set(id, terminal)
      const started = await start(id, terminal, sandbox.value).catch((cause: unknown) => {
        options.log.error(`a terminal of ${session} could not be opened`, cause)
        return err(cause instanceof Error ? cause.message : String(cause))
      })
      if (!started.ok) {
        await end(id, terminal, 0)
        forgetOne(id)
      }
      terminal.opened.resolve()
      return started.ok ? ok(id) : err({ type: 'refused', reason: started.error })
    },
    close: async (session, id) => {
      const terminal = held.get(id)
      if (terminal?.session !== session) return err({ type: 'unknown_terminal' })
      await end(id, terminal, options.graceMs)
      forgetOne(id)
      return ok(null)
    },
    has: (session, id) => held.get(id)?.session === session,
    endAll: async (session) => {
      await Promise.all(
        of(session).map(async ([id, terminal]) => {
          terminal.over.abort()
          await terminal.opened.promise
          await end(id, terminal, options.graceMs)
        }),
      )
    },
    forget: (session) => {
      for (const [id] of of(session)) forgetOne(id)
      numbers.delete(session)
    },
    active: (id, bytes, totalBytes) => {
      const terminal = held.get(id)
      if (terminal?.isTold)
        timeline.append(terminal.session, {
          ...{ type: 'terminal/active', terminal: id, bytes, totalBytes },
        })
    },
    exited,
    logFailed: (id, detail) => {
      const terminal = held.get(id)
      if (!terminal) return
      const part = `terminal ${terminal.number}`
      options.log.error(`the log of ${part} of ${terminal.session} cannot be written: ${detail}`)
      timeline.append(terminal.session, { type: 'recording/damaged', part, detail })
    },
    ptyHostLost: () => {
      for (const id of [...held.keys()]) exited(id, { kind: 'lost' })
    },
  }
}
