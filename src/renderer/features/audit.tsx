import { useEffect, useState } from 'react'
import type { AuditEntry } from '../../shared/domain/audit.ts'
import { useConnection } from '../connection.ts'
import { exportAudit, readAudit, readMore, useAudit, verifyAudit } from '../stores/audit.ts'
import { goTo } from '../stores/ui.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { FilterBar } from '../ui/filter-bar.tsx'
import { List } from '../ui/list.tsx'
import { Empty, Failed, Loading } from '../ui/states.tsx'
import { AgentText } from '../ui/text.tsx'
import { wordsOfEntry } from '../words/audit.ts'
import { formatDate } from '../words/format.ts'

/** Who allowed what, when, by which rule? */
export function AuditPage() {
  const { status, words, entries, isLast } = useAudit()
  const connection = useConnection()
  const [selected, setSelected] = useState<string | null>(null)
  useEffect(() => {
    void readAudit(useAudit.getState().words)
  }, [connection])
  const chosen = entries.find(({ n }) => String(n) === selected)
  return (
    <section className="page" aria-labelledby="audit-title" data-testid="page-audit">
      <header className="page-head with-actions">
        <div className="grow">
          <h1 id="audit-title">Audit</h1>
          <p className="dim">
            Every decision of every session, also of those whose recording was removed.
          </p>
          <Verdict />
        </div>
        <Button onClick={() => void verifyAudit()} icon="check" data-testid="audit-verify">
          Verify
        </Button>
        <Button onClick={() => void exportAudit()} icon="up" data-testid="audit-export">
          Export
        </Button>
      </header>
      {status === 'loading' && <Loading what="the audit" rows={8} />}
      {status === 'failed' && <Failed what="The audit" retry={() => void readAudit('')} />}
      {status === 'ready' && (
        <div className="page-table">
          <FilterBar
            label="Filter the audit"
            placeholder="A host, a session, a rule, a program"
            value={words}
            onChange={(wanted) => void readAudit(wanted)}
            testId="audit-filter"
            count={`${entries.length.toLocaleString('en')}${isLast ? '' : '+'}`}
          />
          {entries.length === 0 ? (
            <Empty icon="audit" title={words ? 'Nothing fits' : 'Nothing has been decided yet'}>
              {words
                ? 'No entry has these words in it.'
                : 'The first session makes the first entries.'}
            </Empty>
          ) : (
            <List
              label="Audit"
              items={entries}
              keyOf={({ n }) => String(n)}
              rowHeight={28}
              selected={selected}
              onSelect={({ n }) => setSelected(String(n))}
              onOpen={({ sessionId }) => goTo('recordings', sessionId)}
              render={(entry) => <AuditRow entry={entry} />}
              testId="audit-rows"
            />
          )}
          {!isLast && (
            <Button onClick={() => void readMore()} data-testid="audit-more">
              Show older entries
            </Button>
          )}
          {chosen && <EntryDetails entry={chosen} />}
        </div>
      )}
    </section>
  )
}

function Verdict() {
  const verdict = useAudit((state) => state.verdict)
  if (verdict === null) return null
  if (verdict === 'checking') return <p className="dim">Checking every link…</p>
  if (verdict === 'failed') return <p className="warn-text">The host did not answer.</p>
  if (verdict.result === 'whole')
    return (
      <p role="status" data-testid="audit-verdict">
        <Icon name="check" /> All {verdict.entries.toLocaleString('en')} entries are as they were
        written.
      </p>
    )
  return (
    <p className="warn-text" role="alert" data-testid="audit-verdict">
      <Icon name="warning" /> Line {verdict.line}: {verdict.detail}
    </p>
  )
}

function AuditRow({ entry }: { entry: AuditEntry }) {
  const { who, what, isRefusal } = wordsOfEntry(entry)
  return (
    <div className="audit-row" data-testid="audit-row" data-type={entry.fact.type}>
      <span className="num faint audit-when">{formatDate(entry.atMs)}</span>
      <span className="audit-who clip">{who}</span>
      <span className={isRefusal ? 'grow clip deny-text' : 'grow clip'}>{what}</span>
      <span className="audit-session clip faint">
        <AgentText text={entry.title} max={60} bare />
      </span>
    </div>
  )
}

function EntryDetails({ entry }: { entry: AuditEntry }) {
  const { who, what } = wordsOfEntry(entry)
  return (
    <section className="details scroll" aria-label="Entry" data-testid="audit-details">
      <p>{what}</p>
      <dl className="facts">
        <dt>Number</dt>
        <dd className="num">{entry.n}</dd>
        <dt>By</dt>
        <dd>{who}</dd>
        {entry.program !== null && (
          <>
            <dt>Asked by</dt>
            <dd>
              <AgentText text={entry.program} max={400} />
            </dd>
          </>
        )}
        <dt>Workspace</dt>
        <dd className="mono">{entry.workspace}</dd>
        <dt>Session</dt>
        <dd>
          <button
            type="button"
            className="link"
            onClick={() => goTo('recordings', entry.sessionId)}
          >
            <AgentText text={entry.title} max={120} bare />
          </button>
        </dd>
      </dl>
    </section>
  )
}
