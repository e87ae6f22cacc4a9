import { type LimitName, type Limits, NO_LIMITS } from '../../shared/domain/limits.ts'
import { changeLimit, useDetails } from '../stores/draft-details.ts'
import { useMachine } from '../stores/machine.ts'
import { LIMIT_NAMES } from '../words/limits.ts'
import { LimitRow } from './limit-row.tsx'

export const useDefaultLimits = (): Limits =>
  useMachine((machine) => machine.info?.defaultLimits ?? NO_LIMITS)

/** What the session may use of the machine, each part on or off. */
export function LimitFields() {
  return (
    <div className="stack">
      <ul className="limit-fields">
        {LIMIT_NAMES.map((limit) => (
          <LimitField key={limit} limit={limit} />
        ))}
      </ul>
      <p className="hint">
        How a limit is held depends on this machine. The session’s Isolation panel says by what, and
        when none is in force.
      </p>
    </div>
  )
}

function LimitField({ limit }: { limit: LimitName }) {
  const draft = useDetails((details) => details.limits[limit])
  const defaults = useDefaultLimits()
  return (
    <LimitRow
      limit={limit}
      draft={draft}
      defaults={defaults}
      onChange={(patch) => changeLimit(limit, patch)}
    />
  )
}
