import { useState } from 'react'
import {
  AXES,
  type Axis,
  type AxisReport,
  type Evidence,
  mayHaveImage,
  NO_SNAPSHOTS,
} from '../../shared/domain/isolation.ts'
import type { AppliedPolicy } from '../../shared/domain/policy-file.ts'
import type { Session } from '../../shared/domain/session.ts'
import type { AxisTurn } from '../../shared/axis-turns.ts'
import { withChord } from '../keys.ts'
import { hasOwnSandbox } from '../stores/draft-details.ts'
import { setUi } from '../stores/ui.ts'
import { useView } from '../stores/view.ts'
import { AxisCell, LevelGlyph } from '../ui/badges.tsx'
import { Icon } from '../ui/icons.tsx'
import { Empty } from '../ui/states.tsx'
import { Path } from '../ui/text.tsx'
import { sumUpFiles } from '../words/file-rules.ts'
import { formatTime, plural } from '../words/format.ts'
import { sumUpImage } from './container-image.tsx'
import { sumUpInner } from '../words/inner-sandbox.ts'
import {
  AXIS_LETTERS,
  AXIS_NAMES,
  LEVEL_EFFECTS,
  LEVEL_NAMES,
  lookOf,
  wordsOfAxis,
} from '../words/isolation.ts'
import { IsolationSwitches } from './isolation-switches.tsx'
import { LimitsInForce } from './limits-in-force.tsx'
import { NetworkSwitch } from './network-switch.tsx'
import { MoveSession } from './move-session.tsx'
import { ProbeBar } from './probe-bar.tsx'

/** What was asked for, what is proven, and by which attempt. */
export function IsolationPanel() {
  const session = useView((view) => view.state.session)
  const turns = useView((view) => view.state.axisTurns)
  if (!session) return <Empty icon="info" title="Not started yet" />
  return (
    <div className="panel scroll" data-testid="isolation-panel">
      <div className={`level-card ${session.spec.level}`}>
        <LevelGlyph level={session.spec.level} />
        <div className="stack-tight">
          <b>{LEVEL_NAMES[session.spec.level]}</b>
          <span className="small dim">{LEVEL_EFFECTS[session.spec.level]}</span>
          <MoveSession session={session} />
        </div>
      </div>
      <ProbeBar session={session} />
      <ul className="axis-list">
        {AXES.map((axis) => (
          <AxisEntry
            key={axis}
            axis={axis}
            report={session.axes.find((item) => item.axis === axis)}
            turn={turns.get(axis)}
          />
        ))}
      </ul>
      <NetworkSwitch session={session} />
      <IsolationSwitches session={session} />
      <LimitsInForce session={session} />
      <PolicyLink policy={session.policy} />
      <SpecWords session={session} />
    </div>
  )
}

interface AxisEntryProps {
  readonly axis: Axis
  readonly report: AxisReport | undefined
  readonly turn: AxisTurn | undefined
}

function AxisEntry({ axis, report, turn }: AxisEntryProps) {
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
          <span className="small axis-words">{wordsOfAxis(report, turn)}</span>
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

/** What the folder's own policy did to it. */
function wordsOfGoverned({ isTrusted, applied, held }: AppliedPolicy): string {
  const did = applied.length === 0 ? 'Changed nothing' : applied.join('; ')
  const not = held.length === 0 ? '' : ` Not, as it is not trusted: ${held.join('; ')}.`
  return `${did}.${isTrusted ? ' Trusted.' : ''}${not}`
}

/** The way to what all of it comes from. */
function PolicyLink({ policy }: { policy: Session['policy'] }) {
  return (
    <button
      type="button"
      className="panel-link"
      disabled={policy === null}
      title={withChord('Effective policy', 'Mod+Shift+L')}
      onClick={() => setUi({ overlay: 'policy' })}
      data-testid="open-policy"
    >
      <Icon name="rules" />
      <span className="stack-tight grow">
        <b>Effective policy</b>
        <span className="small dim">
          {policy ? 'In words and as the exact command' : 'None is recorded'}
        </span>
      </span>
      {policy && <Icon name="chevron" />}
    </button>
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
      {mayHaveImage(spec.level) && (
        <>
          <dt>{spec.level === 'vm' ? 'System' : 'Programs'}</dt>
          <dd>
            {spec.level === 'container' && spec.devContainer
              ? `Dev container, ${spec.devContainer.path}`
              : sumUpImage(spec.image, spec.level)}
          </dd>
        </>
      )}
      {spec.level === 'vm' && (
        <>
          <dt>Snapshots</dt>
          <dd data-testid="no-snapshots">{NO_SNAPSHOTS}</dd>
        </>
      )}
      {session.governed && (
        <>
          <dt>Policy</dt>
          <dd data-testid="governed">{wordsOfGoverned(session.governed)}</dd>
        </>
      )}
      {spec.level !== 'unconfined' && (
        <>
          <dt>File rules</dt>
          <dd>{sumUpFiles(spec.files.length, spec.maskSecrets, spec.review)}</dd>
        </>
      )}
      {hasOwnSandbox(spec.agent) && (
        <>
          <dt>Own sandbox</dt>
          <dd>{sumUpInner(spec.level)}</dd>
        </>
      )}
    </dl>
  )
}
