import type { Axis } from '../../shared/domain/isolation.ts'
import { isLive, type Session } from '../../shared/domain/session.ts'
import { workspaceAccess } from '../../shared/domain/spec-changes.ts'
import { useConnection } from '../connection.ts'
import { changeIsolation, refusalOf, refuseServices } from '../stores/isolation-changes.ts'
import { useRules } from '../stores/rules.ts'
import { useActions } from '../stores/session-actions.ts'
import { useView } from '../stores/view.ts'
import { type Choice, Segmented } from '../ui/choices.tsx'
import { Icon } from '../ui/icons.tsx'
import { formatTime } from '../words/format.ts'
import { AXIS_NAMES } from '../words/isolation.ts'
import {
  RESTARTED_WORDS,
  SECRETS_NAMES,
  SERVICES_NAMES,
  SIGN_IN_NAMES,
  WORKSPACE_NAMES,
} from '../words/spec-changes.ts'

/** What else a person may turn of a session that runs, by how it takes effect. */
export function IsolationSwitches({ session }: { session: Session }) {
  const isRefused = useRules(({ rules }) => refusalOf(session, rules) !== null)
  const { spec } = session
  if (spec.level === 'unconfined') return null
  return (
    <section className="limits switches" aria-label="Switches" data-testid="switches">
      <h3>Switches</h3>
      <Switch
        session={session}
        axis="network"
        name="Services here"
        testId="switch-services"
        value={isRefused ? 'refused' : 'asked'}
        choices={[
          { value: 'asked', label: SERVICES_NAMES.asked },
          { value: 'refused', label: SERVICES_NAMES.refused },
        ]}
        onChange={(value) => void refuseServices(session, value === 'refused')}
      />
      <p className="small dim" title={RESTARTED_WORDS}>
        By a restart that resumes:
      </p>
      <Switch
        session={session}
        axis="files"
        name="Workspace"
        testId="switch-workspace"
        value={workspaceAccess(spec)}
        choices={[
          { value: 'write', label: WORKSPACE_NAMES.write },
          { value: 'read', label: WORKSPACE_NAMES.read },
        ]}
        onChange={(workspace) => changeIsolation(session, { workspace })}
      />
      <Switch
        session={session}
        axis="files"
        name="Secrets in it"
        testId="switch-secrets"
        value={spec.maskSecrets ? 'masked' : 'shown'}
        choices={[
          { value: 'shown', label: SECRETS_NAMES.shown },
          { value: 'masked', label: SECRETS_NAMES.masked },
        ]}
        onChange={(value) => changeIsolation(session, { maskSecrets: value === 'masked' })}
      />
      <Switch
        session={session}
        axis="credentials"
        name="Sign-in"
        testId="switch-sign-in"
        value={spec.useSignIn ? 'copy' : 'none'}
        choices={[
          { value: 'none', label: SIGN_IN_NAMES.none },
          { value: 'copy', label: SIGN_IN_NAMES.copy },
        ]}
        onChange={(value) => changeIsolation(session, { useSignIn: value === 'copy' })}
      />
    </section>
  )
}

interface SwitchProps<T extends string> {
  readonly session: Session
  /** The one that shows whether it holds. */
  readonly axis: Axis
  readonly name: string
  readonly value: T
  readonly choices: readonly Choice<T>[]
  readonly onChange: (value: T) => void
  readonly testId: string
}

function Switch<T extends string>({
  session,
  axis,
  name,
  value,
  choices,
  onChange,
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
      <SwitchProof session={session} axis={axis} />
    </div>
  )
}

/** Asked for is not proven: what the last probe said of it. */
function SwitchProof({ session, axis }: { session: Session; axis: Axis }) {
  const isChanging = useActions(
    ({ changing, probing }) => changing.has(session.id) || probing.has(session.id),
  )
  const report = session.axes.find((item) => item.axis === axis)
  const isProven = report?.proven === 'enforced' && report.provenAtMs !== null
  const words = isChanging
    ? 'Applying'
    : isProven
      ? `Proven at ${formatTime(report.provenAtMs ?? 0)}`
      : 'Not proven'
  return (
    <span
      className={`switch-proof ${isChanging ? 'busy' : isProven ? 'proven' : 'missing'}`}
      role="img"
      aria-label={words}
      title={`${words}: ${AXIS_NAMES[axis].toLowerCase()}`}
    >
      <Icon name={isChanging ? 'restart' : isProven ? 'check' : 'warning'} />
    </span>
  )
}
