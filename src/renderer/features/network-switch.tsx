import { useState } from 'react'
import type { SessionId } from '../../shared/domain/ids.ts'
import { isWider, modeAtStart, NetworkMode } from '../../shared/domain/network-mode.ts'
import { isLive, type Session } from '../../shared/domain/session.ts'
import { modeOf, switchNetwork } from '../stores/network-switch.ts'
import { setNetwork } from '../stores/session-actions.ts'
import { useSessions } from '../stores/sessions.ts'
import { setUi } from '../stores/ui.ts'
import { SwitchProof } from './switch-row.tsx'
import { useView } from '../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { Segmented } from '../ui/choices.tsx'
import { Confirm } from '../ui/dialog.tsx'
import { Select } from '../ui/select.tsx'
import { useNow } from '../ui/use-now.ts'
import { formatCountdown } from '../words/format.ts'
import { NETWORK_MODES } from '../words/network-mode.ts'

const CHOICES = NetworkMode.options.map((value) => ({ value, label: NETWORK_MODES[value].name }))

/** What becomes of connections that no rule covers, now. */
export function NetworkSwitch({ session }: { session: Session }) {
  const mode = useView((view) => view.mode)
  const now = modeOf(session)
  if (session.spec.level === 'unconfined') return null
  return (
    <section className="limits network-switch" aria-label="Network" data-testid="network-switch">
      <div className="row">
        <h3 className="grow">Network</h3>
        <SwitchProof session={session} axis="network" />
      </div>
      {mode === 'live' && isLive(session) ? (
        <Segmented
          label="What becomes of connections"
          value={now}
          choices={CHOICES}
          onChange={(wanted) => switchNetwork(session, wanted)}
          testId="network-mode"
        />
      ) : (
        <b>{NETWORK_MODES[now].name}</b>
      )}
      <p className="small dim">{NETWORK_MODES[now].effect}</p>
      <Countdown session={session} />
    </section>
  )
}

function Countdown({ session }: { session: Session }) {
  const now = useNow()
  const { networkNow } = session
  if (!networkNow || networkNow.untilMs === null || !isLive(session)) return null
  return (
    <p className="row small" role="timer" data-testid="network-countdown">
      <span className="grow num">
        Goes back by itself in {formatCountdown(networkNow.untilMs - now)}
      </span>
      <Button
        small
        onClick={() => void setNetwork(session.id, modeAtStart(session.spec.network), null)}
        data-testid="network-return"
      >
        Now
      </Button>
    </p>
  )
}

/** In the head of the session for as long as everything is reachable. */
export function OpenNetworkChip({ session }: { session: Session }) {
  const now = useNow()
  const { networkNow } = session
  if (networkNow?.mode !== 'open' || !isLive(session)) return null
  const left = networkNow.untilMs === null ? '' : ` ${formatCountdown(networkNow.untilMs - now)}`
  return (
    <button
      type="button"
      className="chip warn num"
      title="The network is open. A click closes it to what rules and you allow."
      onClick={() => void setNetwork(session.id, modeAtStart(session.spec.network), null)}
      data-testid="open-network-chip"
    >
      Network open{left}
    </button>
  )
}

const TIMES = {
  '900000': '15 minutes',
  '3600000': 'One hour',
  '': 'Until the session ends',
} as const

export function ConfirmOpenNetwork({ id }: { id: SessionId }) {
  const session = useSessions((state) => state.byId.get(id))
  const [time, setTime] = useState('900000')
  const close = (): void => setUi({ confirm: null })
  if (!session || !isWider(modeOf(session), 'open')) return null
  return (
    <Confirm
      title={`Open the network of “${session.title}”?`}
      confirm="Open"
      isDestructive
      testId="confirm-open-network"
      onCancel={close}
      onConfirm={() => {
        close()
        void setNetwork(id, 'open', time === '' ? null : Number(time))
      }}
    >
      <p>This becomes reachable, without a question:</p>
      <ul className="more-list">
        <li>Every host on the internet: what is in the workspace can be sent anywhere</li>
        <li>What waits for an answer now, if it is on the internet</li>
      </ul>
      <p>
        This machine and its networks still ask, and what a rule denies stays denied. Every
        connection is recorded.
      </p>
      <Select label="For" value={time} choices={TIMES} onChange={setTime} testId="open-for" />
    </Confirm>
  )
}
