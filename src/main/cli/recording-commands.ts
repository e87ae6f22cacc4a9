import { setTimeout as sleep } from 'node:timers/promises'
import type { SessionId } from '../../shared/domain/ids.ts'
import type { TimelineEvent } from '../../shared/domain/timeline.ts'
import { projectAll } from '../../shared/projection.ts'
import { encodeCast } from '../../shared/recording/asciicast.ts'
import { redactBundle } from '../../shared/recording/redacted-bundle.ts'
import { homeRedaction, KNOWN_SECRETS } from '../../shared/recording/redaction.ts'
import type { Connection } from '../../shared/rpc/client.ts'
import { CommandFailure, EXIT } from './exit.ts'
import { withHost } from './host-connection.ts'
import { recordReader } from './recorded-output.ts'
import { startOfId } from './session-id.ts'

const LONGEST_SILENCE_MS = 2000

async function eventsOf(connection: Connection, id: SessionId): Promise<TimelineEvent[]> {
  const events: TimelineEvent[] = []
  for (;;) {
    const fromSeq = (events.at(-1)?.seq ?? -1) + 1
    const page = await connection.api.recording.events({ id, fromSeq })
    events.push(...page.events)
    if (page.isLast || page.events.length === 0) return events
  }
}

async function idOf(connection: Connection, wanted: string | undefined): Promise<SessionId> {
  const all = await connection.api.recording.list(null)
  const id = startOfId(wanted ?? '')
  const fitting = all.filter(({ session }) => session.id.startsWith(id))
  const [only] = fitting
  if (only && wanted && fitting.length === 1) return only.session.id
  throw new CommandFailure(
    fitting.length > 1 && wanted
      ? `${fitting.length} recordings fit “${wanted}”. Say more of the id.`
      : `There is no recording “${wanted ?? ''}”. cloche ps --all lists them.`,
    EXIT.usage,
  )
}

/** Plays a terminal as it was, its silences cut. */
export async function replay(
  [wanted]: readonly string[],
  { speed = '1' }: { readonly speed?: string },
  dataDir: string,
): Promise<number> {
  const times = Number(speed)
  if (!(times > 0)) throw new CommandFailure(`--speed takes a number, not “${speed}”.`, EXIT.usage)
  return withHost(dataDir, async (connection) => {
    let before = 0
    for (const record of await recordReader(connection, await idOf(connection, wanted))()) {
      await sleep(Math.min(record.monoMs - before, LONGEST_SILENCE_MS) / times)
      before = record.monoMs
      if (record.kind === 'output') process.stdout.write(record.bytes)
    }
    process.stdout.write('\x1b[0m\r\n')
    return EXIT.ok
  })
}

/** To stdout. Known forms of secrets and the person's name in paths are taken out. */
export async function exportRecording(
  [wanted]: readonly string[],
  { format = 'cast' }: { readonly format?: string },
  dataDir: string,
): Promise<number> {
  if (format !== 'cast' && format !== 'cast2' && format !== 'jsonl')
    throw new CommandFailure(`--format takes cast, cast2 or jsonl, not “${format}”.`, EXIT.usage)
  return withHost(dataDir, async (connection) => {
    const id = await idOf(connection, wanted)
    const [events, records, { home }] = await Promise.all([
      eventsOf(connection, id),
      recordReader(connection, id)(),
      connection.api.system.info(null),
    ])
    const all = { events, records, markers: [], contents: new Map<never, string>(), redacted: [] }
    const bundle = redactBundle(all, [...KNOWN_SECRETS, homeRedaction(home)], [])
    const { session } = projectAll(bundle.events)
    if (!session) throw new CommandFailure('The recording names no session.', EXIT.failed)
    process.stdout.write(
      format === 'jsonl'
        ? bundle.events.map((event) => `${JSON.stringify(event)}\n`).join('')
        : encodeCast(
            {
              ...{ title: session.title, command: session.spec.command, markers: [] },
              ...{ startedAtMs: session.createdAtMs, records: bundle.records },
              exit: session.exit?.kind === 'exited' ? session.exit.code : null,
            },
            format === 'cast' ? 3 : 2,
          ),
    )
    return EXIT.ok
  })
}
