import { memo, useCallback, useId, useState } from 'react'
import { FileAccess } from '../../shared/domain/files.ts'
import {
  addRule,
  changeRule,
  type DraftRule,
  removeRule,
  setDetails,
  useDetails,
} from '../stores/draft-details.ts'
import { Button } from '../ui/button.tsx'
import { Check } from '../ui/choices.tsx'
import { AgentText } from '../ui/text.tsx'
import { ACCESS_NAMES, MOST_RULES, PATH_HELP } from '../words/file-rules.ts'
import { isHidden } from '../words/reveal.ts'

const ACCESSES = FileAccess.options

/** Rules of the person, on top of the boundary's own. */
export function FileRules({
  problems,
  mayLearn,
}: {
  problems: readonly (string | null)[]
  mayLearn: boolean
}) {
  const { rules, maskSecrets, learn, review } = useDetails()
  const [added, setAdded] = useState<number | null>(null)
  const add = useCallback((): void => setAdded(addRule()), [])
  return (
    <div className="stack">
      <Check
        name="Review before anything changes"
        checked={review}
        onChange={(checked) => setDetails({ review: checked })}
        testId="review-choice"
      >
        It works on a copy of the folder. You look at what changed, and apply it or not.
      </Check>
      <Check
        name="Hide secrets of the workspace"
        checked={maskSecrets}
        onChange={(checked) => setDetails({ maskSecrets: checked })}
        testId="mask-secrets"
      >
        .env files, private keys and the like are there, and look empty inside.
      </Check>
      {mayLearn && (
        <Check
          name="Learn which files it needs"
          checked={learn}
          onChange={(checked) => setDetails({ learn: checked })}
          testId="learn"
        >
          Notes what it opens and what it looks for in vain, for a policy from what it did. Lets
          nothing more in; starting many programs is slower.
        </Check>
      )}
      {rules.length > 0 && (
        <ul className="file-rules scroll" aria-label="File rules" data-testid="file-rules">
          {rules.map((rule, index) => (
            <RuleFields
              key={rule.key}
              rule={rule}
              place={index + 1}
              problem={problems[index] ?? null}
              takesFocus={rule.key === added}
              onNext={add}
            />
          ))}
        </ul>
      )}
      <div className="row">
        <Button
          small
          icon="add"
          disabled={rules.length >= MOST_RULES}
          onClick={add}
          data-testid="add-file-rule"
        >
          Add a rule
        </Button>
        {rules.length >= MOST_RULES && (
          <span className="small dim">At most {MOST_RULES} rules. A glob can stand for many.</span>
        )}
      </div>
      <p className="hint">{PATH_HELP}</p>
    </div>
  )
}

interface RuleFieldsProps {
  readonly rule: DraftRule
  /** From 1. */
  readonly place: number
  readonly problem: string | null
  readonly takesFocus: boolean
  /** Enter in the path. */
  readonly onNext: () => void
}

/** Hundreds may stand there while one is typed into: the others are not drawn again. */
const RuleFields = memo(({ rule, place, problem, takesFocus, onNext }: RuleFieldsProps) => {
  const { key, path, access, isLeft } = rule
  const problemId = useId()
  // An empty row is not told off before it could be typed into.
  const shown = path === '' && !isLeft ? null : problem
  const remove = (button: HTMLElement): void => {
    const list = button.closest('ul')
    removeRule(key)
    requestAnimationFrame(() => {
      const fields = list?.isConnected ? [...list.querySelectorAll('input')] : []
      const next = fields[Math.min(place, fields.length) - 1]
      if (next) next.focus()
      else document.querySelector<HTMLElement>('[data-testid=add-file-rule]')?.focus()
    })
  }
  return (
    <li className="file-rule" data-testid="file-rule">
      <div className="row">
        <input
          className="input mono"
          aria-label={`Path of rule ${place}`}
          aria-invalid={shown !== null}
          aria-describedby={shown ? problemId : undefined}
          autoFocus={takesFocus}
          autoComplete="off"
          spellCheck={false}
          placeholder="docs, ~/notes or /srv/data/**"
          value={path}
          onChange={(event) => changeRule(key, { path: event.target.value })}
          onBlur={() => changeRule(key, { isLeft: true })}
          onKeyDown={(event) => event.key === 'Enter' && path !== '' && onNext()}
          data-testid="file-rule-path"
        />
        <select
          className="input select"
          aria-label={`Access of rule ${place}`}
          value={access}
          onChange={(event) => changeRule(key, { access: FileAccess.parse(event.target.value) })}
          data-testid="file-rule-access"
        >
          {ACCESSES.map((item) => (
            <option key={item} value={item}>
              {ACCESS_NAMES[item]}
            </option>
          ))}
        </select>
        <Button
          look="quiet"
          icon="trash"
          aria-label={`Remove rule ${place}`}
          onClick={(event) => remove(event.currentTarget)}
          data-testid="file-rule-remove"
        />
      </div>
      {shown && (
        <p id={problemId} className="field-problem" data-testid="file-rule-problem">
          {shown}
        </p>
      )}
      {[...path].some(isHidden) && (
        <p className="small dim" data-testid="file-rule-hidden">
          Holds characters that do not show: <AgentText text={path} />
        </p>
      )}
    </li>
  )
})
