import { useState } from 'react'
import { AXES, type Axis, type AxisReport, type Evidence } from '../../shared/domain/isolation.ts'
import type { Session } from '../../shared/domain/session.ts'
import { useView } from '../stores/view.ts'
import { AxisCell, LevelGlyph } from '../ui/badges.tsx'
import { Icon } from '../ui/icons.tsx'
import { Empty } from '../ui/states.tsx'
import { Path } from '../ui/text.tsx'
import { formatTime, plural } from '../words/format.ts'
import {
  AXIS_LETTERS,
  AXIS_NAMES,
  LEVEL_EFFECTS,
  LEVEL_NAMES,
  lookOf,
  wordsOfAxis,
} from '../words/isolation.ts'

/** What was asked for, what is proven, and by which attempt. */
export function IsolationPanel() {
  const session = useView((view) => view.state.session)
  if (!session) return <Empty icon="info" title="Not started yet" />
  return (
    <div className="panel scroll" data-testid="isolation-panel">
      <div className={`level-card ${session.spec.level}`}>
        <LevelGlyph level={session.spec.level} />
        <div className="stack-tight">
          <b>{LEVEL_NAMES[session.spec.level]}</b>
          <span className="small dim">{LEVEL_EFFECTS[session.spec.level]}</span>
        </div>
      </div>
      <ul className="axis-list">
        {AXES.map((axis) => (
          <AxisEntry
            key={axis}
            axis={axis}
            report={session.axes.find((item) => item.axis === axis)}
          />
        ))}
      </ul>
      <SpecWords session={session} />
    </div>
  )
}

function AxisEntry({ axis, report }: { axis: Axis; report: AxisReport | undefined }) {
  const [isOpen, setOpen] = useState(false)
  const look = lookOf(report)
  const held = report?.evidence.filter((item) => item.verdict === 'held').length ?? 0
  const count = report?.evidence.length ?? 0
  return (
    <li className={`axis-entry ${look}`} data-testid={`axis-${axis}`} data-look={look}>
      <button
        type="button"
        className="axis-head"
        aria-expanded={isOpen}
        disabled={count === 0}
        onClick={() => setOpen(!isOpen)}
      >
        <AxisCell letter={AXIS_LETTERS[axis]} look={look} axis={axis} />
        <span className="stack-tight grow">
          <b>{AXIS_NAMES[axis]}</b>
          <span className="small axis-words">{wordsOfAxis(report)}</span>
        </span>
        {count > 0 && (
          <span className="small faint num" title={`${held} of ${plural(count, 'attempt')} held`}>
            {held}/{count}
          </span>
        )}
        {count > 0 && <Icon name={isOpen ? 'chevron-down' : 'chevron'} />}
      </button>
      {isOpen && report && (
        <div className="evidence">
          <ul>
            {report.evidence.map((item, index) => (
              <EvidenceRow key={index} item={item} />
            ))}
          </ul>
          {report.provenAtMs !== null && (
            <p className="small faint">Probed from inside at {formatTime(report.provenAtMs)}</p>
          )}
        </div>
      )}
    </li>
  )
}

const VERDICTS = { held: 'Held', open: 'Open', inconclusive: 'Unclear' } as const

function EvidenceRow({ item }: { item: Evidence }) {
  return (
    <li className={`evidence-row ${item.verdict}`}>
      <span className="verdict small">{VERDICTS[item.verdict]}</span>
      <span className="stack-tight">
        <span>{item.attempt}</span>
        <span className="small dim mono">{item.outcome}</span>
      </span>
    </li>
  )
}

function SpecWords({ session }: { session: Session }) {
  const { spec } = session
  return (
    <dl className="facts">
      <dt>Workspace</dt>
      <dd>
        <Path path={spec.workspace} />
      </dd>
      <dt>Other hosts</dt>
      <dd>{spec.network === 'ask' ? 'Ask' : 'Denied without asking'}</dd>
      <dt>Sign-in</dt>
      <dd>{spec.useSignIn ? 'Yours, as a copy' : 'None of yours'}</dd>
      <dt>Changes</dt>
      <dd>Level and folders apply on restart</dd>
    </dl>
  )
}
