import { SessionId } from '../../shared/domain/ids.ts'
import { applyPolicy } from '../../shared/apply-policy.ts'
import type { ExitStatus } from '../../shared/domain/process.ts'
import { isLive, type Session, type SessionSpec } from '../../shared/domain/session.ts'
import type { Connection } from '../../shared/rpc/client.ts'
import { CommandFailure, EXIT } from './exit.ts'
import { findHost, withHost, ownHost } from './host-connection.ts'
import { plain, print, table } from './print.ts'
import { findProfile, type RunValues, specOf } from './run-options.ts'
import { snapshotOf } from './snapshot.ts'
import { attach } from './terminal.ts'
import { startOfId } from './session-id.ts'

const SIGNALS: Readonly<Record<string, number>> = {
  ...{ SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGPIPE: 13 },
  SIGTERM: 15,
}

/** As a shell would have it. */
const statusOf = ({ exit, failure }: Session): number =>
  failure ? EXIT.refused : exit ? statusOfExit(exit) : EXIT.failed

function statusOfExit(exit: ExitStatus): number {
  if (exit.kind === 'exited') return exit.code
  return exit.kind === 'signalled' ? 128 + (SIGNALS[exit.signal] ?? 0) : EXIT.failed
}

/** In the Cloche that runs, else in one of this command's own. */
export async function run(
  values: RunValues & { readonly json?: boolean },
  words: readonly string[],
  { dataDir, entries }: { readonly dataDir: string; readonly entries: string },
): Promise<number> {
  const asked = specOf(values, words)
  const known = await findHost(dataDir)
  if (!known && values.detach)
    throw new CommandFailure(
      '--detach needs a Cloche that runs: start it with npm start.',
      EXIT.noHost,
    )
  const host = known ?? (await ownHost(dataDir, entries))
  try {
    const { connection } = host
    const { defaultLimits } = await connection.api.system.info(null)
    const spec = await withProfile({ ...asked, limits: defaultLimits }, values.profile, connection)
    const created = await connection.api.session.create(spec)
    if (!created.ok) throw new CommandFailure(wordsOfFailure(created.error), EXIT.refused)
    const session = created.value
    if (values.detach) {
      print(values.json ?? false, session, () => session.id)
      return EXIT.ok
    }
    const ended = await attach(connection, session.id, { asks: host.isOwn })
    if (ended?.spec.review) await sayWhatWaits(connection, session.id)
    if (ended) return statusOf(ended)
    if (host.isOwn) await connection.api.session.stop({ id: session.id })
    return EXIT.ok
  } finally {
    await host.close()
  }
}

/** Nobody should have to remember that the folder has none of it yet. */
async function sayWhatWaits({ api }: Connection, id: SessionId): Promise<void> {
  const look = await api.review.look({ id })
  if (look.ok && look.value.changes.length > 0)
    process.stderr.write(
      `cloche: ${look.value.changes.length} changes wait in the copy: cloche review ${id}\n`,
    )
}

async function withProfile(
  spec: SessionSpec,
  wanted: string | undefined,
  { api }: Connection,
): Promise<SessionSpec> {
  if (wanted === undefined) return spec
  const profile = await findProfile(wanted, await api.policy.profiles(null))
  return applyPolicy(spec, profile, true).spec
}

function wordsOfFailure(failure: { readonly type: string } & object): string {
  const parts = Object.entries(failure)
    .filter(([key, value]) => key !== 'type' && typeof value === 'string')
    .map(([, value]) => plain(String(value)))
  const diagnosis = 'diagnosis' in failure ? failure.diagnosis : null
  const summary =
    typeof diagnosis === 'object' && diagnosis !== null && 'summary' in diagnosis
      ? [String(diagnosis.summary)]
      : []
  const sentence = failure.type.replaceAll('_', ' ')
  return `Nothing was started: ${[sentence, ...parts, ...summary].join('; ').replace(/\.$/, '')}.`
}

const sessionsOf = ({ api }: Connection): Promise<readonly Session[]> =>
  snapshotOf((onFrame) => api.session.list(null, onFrame))

export async function ps(
  { json, all }: { readonly json?: boolean; readonly all?: boolean },
  dataDir: string,
): Promise<number> {
  return withHost(dataDir, async (connection) => {
    const sessions = (await sessionsOf(connection)).filter((session) => all || isLive(session))
    print(json ?? false, sessions, () =>
      table([
        ['ID', 'STATUS', 'LEVEL', 'PROVEN', 'AGENT', 'TITLE', 'WORKSPACE'],
        ...sessions.map(({ id, status, spec, axes, agentName, title }) => [
          ...[id, status, spec.level],
          `${axes.filter(({ proven }) => proven === 'enforced').length}/4`,
          ...[plain(agentName), plain(title).slice(0, 40), plain(spec.workspace)],
        ]),
      ]),
    )
    return EXIT.ok
  })
}

/** By its id or the start of it; without one, the only one that runs. */
async function findSession(connection: Connection, wanted: string | undefined): Promise<Session> {
  const live = (await sessionsOf(connection)).filter(isLive)
  const id = wanted && startOfId(wanted)
  const fitting = id === undefined ? live : live.filter((session) => session.id.startsWith(id))
  const [only] = fitting
  if (only && fitting.length === 1) return only
  throw new CommandFailure(
    fitting.length === 0
      ? `No session that runs fits “${wanted ?? ''}”. cloche ps lists them.`
      : `${fitting.length} sessions fit: ${fitting.map((session) => session.id).join(', ')}. Say which.`,
    EXIT.usage,
  )
}

export async function attachTo(wanted: string | undefined, dataDir: string): Promise<number> {
  return withHost(dataDir, async (connection) => {
    const session = await findSession(connection, wanted)
    const ended = await attach(connection, session.id, { asks: true })
    return ended ? statusOf(ended) : EXIT.ok
  })
}

/** Ends with its shell's status; left before that, the terminal is closed. */
export async function openTerminalIn(wanted: string | undefined, dataDir: string): Promise<number> {
  return withHost(dataDir, async (connection) => {
    const session = (await findSession(connection, wanted)).id
    const opened = await connection.api.terminal.open({ session })
    if (!opened.ok) throw new CommandFailure(wordsOfFailure(opened.error), EXIT.refused)
    const terminal = opened.value
    let exit: ExitStatus | null = null
    let over: () => void = () => undefined
    const ended = new Promise<void>((resolve) => {
      over = resolve
    })
    const stopWatching = connection.api.session.watch(session, (frame) => {
      for (const { fact } of frame.type === 'snapshot' ? frame.state : frame.change)
        if (fact.type === 'terminal/ended' && fact.terminal === terminal) {
          exit = fact.exit
          over()
        }
    })
    await attach(connection, session, { asks: true, further: { terminal, ended } })
    stopWatching()
    await connection.api.terminal.close({ session, terminal })
    return exit ? statusOfExit(exit) : EXIT.ok
  })
}

export async function stop(wanted: readonly string[], dataDir: string): Promise<number> {
  return withHost(dataDir, async (connection) => {
    for (const each of wanted.length === 0 ? [undefined] : wanted) {
      const { id, title } = await findSession(connection, each)
      await connection.api.session.stop({ id: SessionId.parse(id) })
      process.stdout.write(`Stopped ${id} ${plain(title)}\n`)
    }
    return EXIT.ok
  })
}
