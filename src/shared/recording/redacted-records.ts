import type { TerminalRecord } from '../terminal-log.ts'
import { createPartRedactor } from './redact-by-parts.ts'
import type { Redaction } from './redaction.ts'
import { latin, latinBytes } from './terminal-text.ts'

export interface RecordRedactor {
  /** Takes the next records; gives those that are done, as many bytes long as they came. */
  push(records: readonly TerminalRecord[]): TerminalRecord[]
  end(): TerminalRecord[]
  readonly counts: readonly number[]
}

/** What is found in the output is taken out also where it stands in several records. */
export function createRecordRedactor(redactions: readonly Redaction[]): RecordRedactor {
  const redactor = createPartRedactor(redactions)
  let waiting: readonly TerminalRecord[] = []
  /** Output of those that wait: as it came, and as much as is done of it. */
  let raw = ''
  let done = ''

  const give = (): TerminalRecord[] => {
    const given: TerminalRecord[] = []
    let at = 0
    for (const record of waiting) {
      const end = at + (record.kind === 'output' ? record.bytes.length : 0)
      if (end > done.length) break
      given.push(ofText(record, raw.slice(at, end), done.slice(at, end)))
      at = end
    }
    waiting = waiting.slice(given.length)
    raw = raw.slice(at)
    done = done.slice(at)
    return given
  }
  return {
    push: (records) => {
      const text = records
        .map((record) => (record.kind === 'output' ? latin(record.bytes) : ''))
        .join('')
      waiting = [...waiting, ...records]
      raw += text
      done += redactor.push(text)
      return give()
    },
    end: () => {
      done += redactor.end()
      return give()
    },
    get counts() {
      return redactor.counts
    },
  }
}

const ofText = (record: TerminalRecord, before: string, after: string): TerminalRecord =>
  record.kind === 'resize' || before === after ? record : { ...record, bytes: latinBytes(after) }
