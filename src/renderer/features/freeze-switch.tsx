import { NO_SNAPSHOTS } from '../../shared/domain/isolation.ts'
import type { Session } from '../../shared/domain/session.ts'
import { controlProcesses, useControls } from '../stores/process-actions.ts'
import { useView } from '../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { formatTime } from '../words/format.ts'
import { plural } from '../words/format.ts'
import { ProofMark, SwitchRow } from './switch-row.tsx'

const CHOICES = [
  { value: 'run', label: 'Run' },
  { value: 'frozen', label: 'Frozen' },
] as const

const hold = (session: Session, isHeld: boolean): Promise<void> =>
  controlProcesses({
    scope: { kind: 'session', session: session.id },
    action: isHeld ? 'freeze' : 'thaw',
  })

/** Holds every process where it stands, so that a person can look in peace. */
export function FreezeButton({ session }: { session: Session }) {
  const isFrozen = useView((view) => view.state.frozen !== null)
  const isBusy = useControls((state) => state.running > 0)
  return (
    <Button
      small
      icon={isFrozen ? 'replay' : 'pause'}
      {...(session.spec.level === 'vm' ? { title: NO_SNAPSHOTS } : {})}
      disabled={isBusy || session.status !== 'running'}
      onClick={() => void hold(session, !isFrozen)}
      data-testid={isFrozen ? 'session-thaw' : 'session-freeze'}
    >
      {isFrozen ? 'Thaw' : 'Freeze'}
    </Button>
  )
}

/** The same among the switches, with what the kernel says came of it. */
export function FreezeSwitch({ session }: { session: Session }) {
  const frozen = useView((view) => view.state.frozen)
  return (
    <SwitchRow
      session={session}
      name="Processes"
      testId="switch-freeze"
      value={frozen === null ? 'run' : 'frozen'}
      choices={CHOICES}
      onChange={(value) => void hold(session, value === 'frozen')}
      proof={<FreezeProof frozen={frozen} />}
    />
  )
}

function FreezeProof({
  frozen,
}: {
  frozen: { readonly sinceMs: number; readonly remained: number } | null
}) {
  const isBusy = useControls((state) => state.running > 0)
  if (isBusy) return <ProofMark look="busy" words="Applying" />
  if (frozen === null) return null
  return frozen.remained === 0 ? (
    <ProofMark
      look="proven"
      words={`Every process stands still since ${formatTime(frozen.sinceMs)}`}
    />
  ) : (
    <ProofMark
      look="missing"
      words={`${plural(frozen.remained, 'process', 'processes')} still run`}
    />
  )
}
