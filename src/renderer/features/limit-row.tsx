import { useId } from 'react'
import type { LimitName, Limits } from '../../shared/domain/limits.ts'
import { type DraftLimit, limitRow } from '../stores/draft-details.ts'
import { LIMITS } from '../words/limits.ts'

interface LimitRowProps {
  readonly limit: LimitName
  readonly draft: DraftLimit
  readonly defaults: Limits
  readonly onChange: (patch: Partial<DraftLimit>) => void
}

/** One limit, on or off, in the words a person types. */
export function LimitRow({ limit, draft, defaults, onChange }: LimitRowProps) {
  const { isOn, text, problem } = limitRow(limit, draft, defaults)
  const { name, what } = LIMITS[limit]
  const problemId = useId()
  return (
    <li className="limit-field" data-testid={`limit-${limit}`}>
      <label className="check grow">
        <input
          type="checkbox"
          checked={isOn}
          onChange={(event) => onChange({ isOn: event.target.checked })}
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
        onChange={(event) => onChange({ text: event.target.value })}
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
