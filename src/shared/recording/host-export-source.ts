import type { Said } from '../domain/transcript.ts'
import type { SessionId } from '../domain/ids.ts'
import type { Connection } from '../rpc/client.ts'
import type { Marker } from './asciicast.ts'
import type { ExportSource } from './export-source.ts'
import { readByParts } from './log-by-parts.ts'

const AHEAD = [1, 2] as const

/** A recording of a host. */
export async function hostExportSource(
  connection: Connection,
  id: SessionId,
  createdAtMs: number,
): Promise<ExportSource> {
  const { recording } = connection.api
  // An addition: without it all else is there.
  const said = await recording.transcript({ id }).catch(() => [])
  return {
    markers: markersOf(said, createdAtMs),
    terminal: async (terminal) => {
      const found = await recording.terminal({ id, terminal })
      if (!found.ok) throw new Error('the recording is gone')
      const log = readByParts(found.value, (at) => connection.readRecording(id, at, terminal))
      return {
        index: found.value,
        screen: log.screen,
        part: async (number) => {
          const reading = log.part(number)
          // On their way while this one is looked through; who asks for them is told if they do not come.
          for (const ahead of AHEAD) log.part(number + ahead).catch(() => undefined)
          return (await reading).records
        },
      }
    },
    content: async (hash) => {
      const found = await recording.content({ id, hash })
      return found.ok ? found.value.text : null
    },
    async *events() {
      for (let fromSeq = 0; ; ) {
        const { events, isLast } = await recording.events({ id, fromSeq })
        if (events.length > 0) yield events
        if (isLast || events.length === 0) return
        fromSeq = (events.at(-1)?.seq ?? fromSeq) + 1
      }
    },
  }
}

const WHO = { person: 'You', agent: 'Agent', tool: 'Tool' } as const

/** What was said in a conversation, on the clock of the recording that began at `createdAtMs`. */
export const markersOf = (said: readonly Said[], createdAtMs: number): Marker[] =>
  said.map(({ atMs, who, text }) => ({
    atMs: Math.max(0, atMs - createdAtMs),
    label: `${WHO[who]}: ${text}`,
  }))
