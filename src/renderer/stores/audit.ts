import { create } from 'zustand'
import type { AuditEntry, AuditVerdict } from '../../shared/domain/audit.ts'
import { currentConnection } from '../connection.ts'
import { saveFile } from './save-file.ts'

interface AuditState {
  readonly status: 'loading' | 'ready' | 'failed'
  readonly words: string
  /** The newest first. */
  readonly entries: readonly AuditEntry[]
  readonly isLast: boolean
  /** null: not checked since the page was opened. */
  readonly verdict: AuditVerdict | 'checking' | 'failed' | null
}

export const useAudit = create<AuditState>(() => ({
  status: 'loading',
  words: '',
  entries: [],
  isLast: true,
  verdict: null,
}))

/** What was asked for last is what is shown, whatever comes first. */
let asked = 0

export async function readAudit(words: string): Promise<void> {
  useAudit.setState({ words })
  const number = ++asked
  try {
    const page = await ask(words, null)
    if (number === asked) useAudit.setState({ status: 'ready', ...page })
  } catch {
    if (number === asked && useAudit.getState().status === 'loading')
      useAudit.setState({ status: 'failed' })
  }
}

export async function readMore(): Promise<void> {
  const { words, entries, isLast } = useAudit.getState()
  const oldest = entries.at(-1)
  if (isLast || !oldest) return
  const number = ++asked
  const page = await ask(words, oldest.n).catch(() => null)
  if (page && number === asked)
    useAudit.setState({ entries: [...entries, ...page.entries], isLast: page.isLast })
}

export async function verifyAudit(): Promise<void> {
  const connection = currentConnection()
  if (!connection) return
  useAudit.setState({ verdict: 'checking' })
  useAudit.setState({
    verdict: await connection.api.audit.verify(null).catch(() => 'failed' as const),
  })
}

/** Every entry the words are in, as lines of JSON. */
export async function exportAudit(): Promise<void> {
  const { words } = useAudit.getState()
  const entries: AuditEntry[] = []
  for (;;) {
    const page = await ask(words, entries.at(-1)?.n ?? null)
    entries.push(...page.entries)
    if (page.isLast) break
  }
  const lines = entries.reverse().map((entry) => `${JSON.stringify(entry)}\n`)
  saveFile('cloche-audit.jsonl', 'application/jsonl', lines.join(''))
}

function ask(words: string, before: number | null) {
  const connection = currentConnection()
  if (!connection) throw new Error('not connected')
  return connection.api.audit.read({ words, before })
}
