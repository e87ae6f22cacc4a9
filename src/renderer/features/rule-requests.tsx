import { useState } from 'react'
import type { RuleDraft } from '../../shared/domain/policy.ts'
import { readRequestPattern, typedRequest } from '../stores/request-pattern.ts'
import { Disclosure } from '../ui/disclosure.tsx'
import { Select } from '../ui/select.tsx'

interface RuleRequestsProps {
  readonly draft: Pick<RuleDraft, 'request' | 'inspect'>
  /** Called with a sentence where what is typed is no pattern; then the draft stays as it was. */
  readonly onChange: (patch: Pick<RuleDraft, 'request' | 'inspect'>, problem: string | null) => void
}

/** Which requests a rule covers, and whether TLS is looked into for that. */
export function RuleRequests({ draft, onChange }: RuleRequestsProps) {
  const [typed, setTyped] = useState(() => typedRequest(draft.request))
  const change = (patch: Partial<typeof typed>): void => {
    const next = { ...typed, ...patch }
    setTyped(next)
    const request = readRequestPattern(next)
    if (request.ok) onChange({ request: request.value, inspect: draft.inspect }, null)
    else onChange(draft, request.error)
  }
  return (
    <Disclosure
      title="Single requests"
      summary={draft.request ? 'Only some' : 'All that the connection carries'}
      isOpen={draft.request !== undefined || draft.inspect !== undefined}
      testId="rule-requests"
    >
      <div className="stack">
        <div className="row wrap">
          <label className="field">
            Methods
            <input
              className="input mono"
              placeholder="every"
              autoComplete="off"
              spellCheck={false}
              value={typed.methods}
              onChange={(event) => change({ methods: event.target.value })}
              data-testid="rule-methods"
            />
          </label>
          <label className="field grow">
            Path
            <input
              className="input mono"
              placeholder="every, or /repos/**"
              autoComplete="off"
              spellCheck={false}
              value={typed.path}
              onChange={(event) => change({ path: event.target.value })}
              data-testid="rule-path"
            />
          </label>
          <Select
            label="Look into TLS"
            value={draft.inspect === undefined ? '' : String(draft.inspect)}
            choices={{ '': 'If a rule needs it', true: 'Always', false: 'Never' }}
            onChange={(value) =>
              onChange({ ...draft, inspect: value === '' ? undefined : value === 'true' }, null)
            }
            testId="rule-inspect"
          />
        </div>
        <p className="hint">
          Plain HTTP can always be read. TLS only in sessions that trust a certificate of the
          gateway’s; hosts whose programs know the right certificate, or that ask for one, want
          “Never”.
        </p>
      </div>
    </Disclosure>
  )
}
