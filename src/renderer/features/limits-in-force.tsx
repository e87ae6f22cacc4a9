import { useState } from 'react'
import type { LimitReport } from '../../shared/domain/limits.ts'
import type { Session } from '../../shared/domain/session.ts'
import type { LimitReached } from '../../shared/projection.ts'
import { setUi } from '../stores/ui.ts'
import { useView } from '../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { RevealedText } from '../ui/text.tsx'
import { formatTime } from '../words/format.ts'
import { isInForce, LIMIT_NAMES, LIMITS, wordsOfLimit, wordsOfMeans } from '../words/limits.ts'

/** Each limit: how much, held by what, and when it was reached. */
export function LimitsInForce({ session }: { session: Session }) {
  const reached = useView((view) => view.state.limitsReached)
  const isReplay = useView((view) => view.mode === 'replay')
  const mayChange = !isReplay && session.status === 'running' && session.spec.level !== 'unconfined'
  const reports = LIMIT_NAMES.flatMap(
    (name) => session.limits.find(({ limit }) => limit === name) ?? [],
  )
  return (
    <section className="limits" aria-label="Limits" data-testid="limits">
      <div className="row panel-heading">
        <h3 className="grow">Limits</h3>
        {mayChange && (
          <Button
            small
            look="quiet"
            onClick={() => setUi({ confirm: { kind: 'limits', id: session.id } })}
            data-testid="open-change-limits"
          >
            Change…
          </Button>
        )}
      </div>
      {LIMIT_NAMES.map((limit) => {
        const last = reached.get(limit)
        return last && <Reached key={limit} name={LIMITS[limit].name} last={last} />
      })}
      {reports.length === 0 ? (
        <p className="panel-none small dim">
          {session.status === 'starting'
            ? 'Not reported yet.'
            : 'None were reported. Take none as in force.'}
        </p>
      ) : (
        <ul>
          {reports.map((report) => (
            <LimitEntry key={report.limit} report={report} />
          ))}
        </ul>
      )}
    </section>
  )
}

function Reached({ name, last: { atMs, times, detail } }: { name: string; last: LimitReached }) {
  return (
    <div className="notice limit-reached" role="status" data-testid="limit-reached">
      <Icon name="info" />
      <p className="small">
        <b>{name}: limit reached</b> at {formatTime(atMs)}
        {times > 1 && `, ${times.toLocaleString('en')} times so far`}.{' '}
        <RevealedText text={detail} max={300} />
      </p>
    </div>
  )
}

function LimitEntry({ report }: { report: LimitReport }) {
  const [isOpen, setOpen] = useState(false)
  const { limit, value, detail } = report
  const state = value === null ? 'none' : isInForce(report) ? 'held' : 'missing'
  return (
    <li
      className={`limit-entry ${state}`}
      data-testid={`limit-in-force-${limit}`}
      data-state={state}
    >
      <button
        type="button"
        className="limit-head"
        aria-expanded={isOpen}
        disabled={detail === ''}
        onClick={() => setOpen(!isOpen)}
      >
        <span className="limit-name">{LIMITS[limit].name}</span>
        <span className="stack-tight grow">
          <span className="num">{wordsOfLimit(report)}</span>
          {value !== null && (
            <span className="small limit-means">
              {state === 'missing' && <Icon name="warning" />}
              {wordsOfMeans(report)}
            </span>
          )}
        </span>
        {detail !== '' && <Icon name={isOpen ? 'chevron-down' : 'chevron'} />}
      </button>
      {isOpen && (
        <p className="limit-detail small dim">
          <RevealedText text={detail} max={600} />
        </p>
      )}
    </li>
  )
}
