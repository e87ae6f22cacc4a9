import { useId } from 'react'
import { type LimitName, type Limits, NO_LIMITS } from '../../shared/domain/limits.ts'
import { changeLimit, limitRow, useDetails } from '../stores/draft-details.ts'
import { useMachine } from '../stores/machine.ts'
import { LIMIT_NAMES, LIMITS } from '../words/limits.ts'

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
  const { isOn, text, problem } = limitRow(limit, draft, defaults)
  const { name, what } = LIMITS[limit]
  const problemId = useId()
  return (
    <li className="limit-field" data-testid={`limit-${limit}`}>
      <label className="check grow">
        <input
          type="checkbox"
          checked={isOn}
          onChange={(event) => changeLimit(limit, { isOn: event.target.checked })}
          data-testid={`limit-${limit}-on`}
        />
        <span className="stack-tight">
          <span>{name}</span>
          <span className="small dim">{what}</span>
        </span>
      </label>
      <input
        className="input num"
        aria-label={`Limit of ${name.toLowerCase()}`}
        aria-invalid={problem !== null}
        aria-describedby={problem ? problemId : undefined}
        autoComplete="off"
        spellCheck={false}
        disabled={!isOn}
        value={isOn ? text : 'No limit'}
        onChange={(event) => changeLimit(limit, { text: event.target.value })}
        data-testid={`limit-${limit}-value`}
      />
      {problem && (
        <p id={problemId} className="field-problem" data-testid={`limit-${limit}-problem`}>
          {problem}
        </p>
      )}
    </li>
  )
}
