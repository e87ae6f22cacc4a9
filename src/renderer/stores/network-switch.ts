import { modeAtStart, type NetworkMode } from '../../shared/domain/network-mode.ts'
import type { Session } from '../../shared/domain/session.ts'
import { setNetwork } from './session-actions.ts'
import { setUi } from './ui.ts'

export const modeOf = ({ networkNow, spec }: Session): NetworkMode =>
  networkNow?.mode ?? modeAtStart(spec.network)

/** Narrower at once; open only after it was said what that means, and for how long. */
export function switchNetwork(session: Session, mode: NetworkMode): void {
  if (mode === modeOf(session)) return
  if (mode === 'open') setUi({ confirm: { kind: 'open-network', id: session.id } })
  else void setNetwork(session.id, mode, null)
}
