import type { Session } from '../../shared/domain/session.ts'
import { workspaceAccess } from '../../shared/domain/spec-changes.ts'
import { changeIsolation, refusalOf, refuseServices } from '../stores/isolation-changes.ts'
import { useRules } from '../stores/rules.ts'
import { FreezeSwitch } from './freeze-switch.tsx'
import { SwitchProof, SwitchRow } from './switch-row.tsx'
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
      <SwitchRow
        session={session}
        name="Services here"
        testId="switch-services"
        value={isRefused ? 'refused' : 'asked'}
        choices={[
          { value: 'asked', label: SERVICES_NAMES.asked },
          { value: 'refused', label: SERVICES_NAMES.refused },
        ]}
        onChange={(value) => void refuseServices(session, value === 'refused')}
        proof={<SwitchProof session={session} axis="network" />}
      />
      <FreezeSwitch session={session} />
      <p className="small dim" title={RESTARTED_WORDS}>
        By a restart that resumes:
      </p>
      <SwitchRow
        session={session}
        name="Workspace"
        testId="switch-workspace"
        value={workspaceAccess(spec)}
        choices={[
          { value: 'write', label: WORKSPACE_NAMES.write },
          { value: 'read', label: WORKSPACE_NAMES.read },
        ]}
        onChange={(workspace) => changeIsolation(session, { workspace })}
        proof={<SwitchProof session={session} axis="files" />}
      />
      <SwitchRow
        session={session}
        name="Secrets in it"
        testId="switch-secrets"
        value={spec.maskSecrets ? 'masked' : 'shown'}
        choices={[
          { value: 'shown', label: SECRETS_NAMES.shown },
          { value: 'masked', label: SECRETS_NAMES.masked },
        ]}
        onChange={(value) => changeIsolation(session, { maskSecrets: value === 'masked' })}
        proof={<SwitchProof session={session} axis="files" />}
      />
      <SwitchRow
        session={session}
        name="Sign-in"
        testId="switch-sign-in"
        value={spec.useSignIn ? 'copy' : 'none'}
        choices={[
          { value: 'none', label: SIGN_IN_NAMES.none },
          { value: 'copy', label: SIGN_IN_NAMES.copy },
        ]}
        onChange={(value) => changeIsolation(session, { useSignIn: value === 'copy' })}
        proof={<SwitchProof session={session} axis="credentials" />}
      />
    </section>
  )
}
