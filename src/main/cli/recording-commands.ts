import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '../../shared/domain/session.ts'
import { exportRecording as exportPieces } from '../../shared/recording/export-recording.ts'
import {
  type ExportFormat,
  type ExportSource,
  type FurtherName,
  furtherIn,
} from '../../shared/recording/export-source.ts'
import { hostExportSource } from '../../shared/recording/host-export-source.ts'
import { homeRedaction, KNOWN_SECRETS } from '../../shared/recording/redaction.ts'
import type { Connection } from '../../shared/rpc/client.ts'
import { CommandFailure, EXIT } from './exit.ts'
import { createExportScreen } from './export-screen.ts'
import { labelOf, pageParts, showProgress, toNewFile, toStdout } from './export-output.ts'
import { withHost } from './host-connection.ts'
import { startOfId } from './session-id.ts'

const LONGEST_SILENCE_MS = 2000

async function sessionOf(connection: Connection, wanted: string | undefined): Promise<Session> {
  const all = await connection.api.recording.list(null)
  const id = startOfId(wanted ?? '')
  const fitting = all.filter(({ session }) => session.id.startsWith(id))
  const [only] = fitting
  if (only && wanted && fitting.length === 1) return only.session
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
    const { id, createdAtMs } = await sessionOf(connection, wanted)
    const source = await hostExportSource(connection, id, createdAtMs)
    const { index, part } = await source.terminal(null)
    let before = 0
    for (let number = 0; number < index.points.length; number++)
      for (const record of await part(number)) {
        await sleep(Math.min(record.monoMs - before, LONGEST_SILENCE_MS) / times)
        before = record.monoMs
        if (record.kind === 'output') process.stdout.write(record.bytes)
      }
    process.stdout.write('\x1b[0m\r\n')
    return EXIT.ok
  })
}

const FORMATS: Readonly<Record<string, ExportFormat>> = {
  ...{ cast: 'cast3', cast2: 'cast2', jsonl: 'jsonl', html: 'html' },
}

/** To stdout or a new file. Known forms of secrets and the person's name in paths are taken out. */
export async function exportRecording(
  [wanted]: readonly string[],
  {
    format: said = 'cast',
    output,
    terminal: wantedTerminal,
  }: { readonly format?: string; readonly output?: string; readonly terminal?: string },
  { dataDir, entries }: { readonly dataDir: string; readonly entries: string },
): Promise<number> {
  const format = FORMATS[said]
  if (!format)
    throw new CommandFailure(
      `--format takes ${Object.keys(FORMATS).join(', ')}, not “${said}”.`,
      EXIT.usage,
    )
  const isCast = format === 'cast2' || format === 'cast3'
  if (wantedTerminal !== undefined && !isCast)
    throw new CommandFailure(
      `--terminal is for casts, which hold one terminal. As ${said} all of them are written.`,
      EXIT.usage,
    )
  return withHost(dataDir, async (connection) => {
    const session = await sessionOf(connection, wanted)
    const source = await hostExportSource(connection, session.id, session.createdAtMs)
    const further = isCast ? await furtherOf(source) : []
    const chosen = terminalOf(further, wantedTerminal)
    const { home } = await connection.api.system.info(null)
    const pieces = exportPieces(
      format,
      {
        ...{ source, terminal: chosen?.id ?? null },
        ...{ session, redactions: [...KNOWN_SECRETS, homeRedaction(home)] },
        ...{ labelOf, createScreen: createExportScreen },
        progress: output === undefined ? () => undefined : showProgress,
      },
      format === 'html' ? await pageParts(entries) : null,
    )
    await (output === undefined ? toStdout(pieces) : toNewFile(output, pieces))
    const left = [
      ...(chosen ? ['agent'] : []),
      ...further.filter((each) => each !== chosen).map(({ number }) => String(number)),
    ]
    if (left.length > 0)
      process.stderr.write(
        `A cast holds one terminal. Not in this one: ${left.join(', ')}. --terminal chooses another, and --format html holds all.\n`,
      )
    return EXIT.ok
  })
}

async function furtherOf(source: ExportSource): Promise<FurtherName[]> {
  const further: FurtherName[] = []
  for await (const events of source.events()) further.push(...furtherIn(events))
  return further
}

/** null: the agent's. */
function terminalOf(further: readonly FurtherName[], wanted = 'agent'): FurtherName | null {
  if (wanted === 'agent') return null
  const found = further.find(({ number }) => String(number) === wanted)
  if (found) return found
  const names = ['agent', ...further.map(({ number }) => String(number))]
  throw new CommandFailure(
    `There is no terminal “${wanted}” in it. --terminal takes ${names.join(', ')}.`,
    EXIT.usage,
  )
}
