import type { ReactNode } from 'react'
import type { Axis } from '../../shared/domain/isolation.ts'
import { isLive, type Session } from '../../shared/domain/session.ts'
import { useConnection } from '../connection.ts'
import { useActions } from '../stores/session-actions.ts'
import { useView } from '../stores/view.ts'
import { type Choice, Segmented } from '../ui/choices.tsx'
import { Icon } from '../ui/icons.tsx'
import { formatTime } from '../words/format.ts'
import { AXIS_NAMES } from '../words/isolation.ts'

interface SwitchProps<T extends string> {
  readonly session: Session
  readonly name: string
  readonly value: T
  readonly choices: readonly Choice<T>[]
  readonly onChange: (value: T) => void
  /** Whether it holds. */
  readonly proof: ReactNode
  readonly testId: string
}

/** One thing a person may turn, what it is now, and whether that is proven. */
export function SwitchRow<T extends string>({
  session,
  name,
  value,
  choices,
  onChange,
  proof,
  testId,
}: SwitchProps<T>) {
  const isPast = useView((view) => view.mode === 'replay') || !isLive(session)
  const isConnected = useConnection().type === 'connected'
  return (
    <div className="switch-row" data-testid={testId}>
      <span className="limit-name">{name}</span>
      {isPast || !isConnected ? (
        <span>{choices.find((choice) => choice.value === value)?.label}</span>
      ) : (
        <Segmented
          label={name}
          value={value}
          choices={choices}
          onChange={onChange}
          testId={`${testId}-to`}
        />
      )}
      {proof}
    </div>
  )
}

/** Asked for is not proven: what the last probe said of it. */
export function SwitchProof({ session, axis }: { session: Session; axis: Axis }) {
  const isChanging = useActions(
    ({ changing, probing }) => changing.has(session.id) || probing.has(session.id),
  )
  const report = session.axes.find((item) => item.axis === axis)
  const of = AXIS_NAMES[axis].toLowerCase()
  if (isChanging) return <ProofMark look="busy" words={`Applying: ${of}`} />
  return report?.proven === 'enforced' && report.provenAtMs !== null ? (
    <ProofMark look="proven" words={`Proven at ${formatTime(report.provenAtMs)}: ${of}`} />
  ) : (
    <ProofMark look="missing" words={`Not proven: ${of}`} />
  )
}

const ICONS = { busy: 'restart', proven: 'check', missing: 'warning' } as const

export const ProofMark = ({ look, words }: { look: keyof typeof ICONS; words: string }) => (
  <span className={`switch-proof ${look}`} role="img" aria-label={words} title={words}>
    <Icon name={ICONS[look]} />
  </span>
)
