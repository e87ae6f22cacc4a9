import { useLayoutEffect, useRef } from 'react'
import { wordsOfProblem } from '../../shared/domain/policy-file.ts'
import { ReadFormat } from '../../shared/domain/policy-formats.ts'
import { changePolicy, readAs, useImport } from '../stores/import-settings.ts'
import { Icon } from '../ui/icons.tsx'
import { AgentText, Path } from '../ui/text.tsx'
import { FORMAT_NAMES, wordsOfCounts } from '../words/policy-formats.ts'
import { MappingReportView } from './mapping-report.tsx'

/** What settings became: key by key, and as a policy that may still be changed. */
export function ImportedPolicyView() {
  const { read, policy, wrong } = useImport()
  const text = useRef<HTMLTextAreaElement>(null)
  // What was pasted into is gone, and the focus with it.
  useLayoutEffect(() => text.current?.focus(), [])
  if (!read) return null
  const isChanged = policy !== read.made
  const toLine = (): void => {
    const lines = policy.split('\n')
    const start = lines.slice(0, (wrong?.line ?? 1) - 1).join('\n').length
    const from = start === 0 ? 0 : start + 1
    text.current?.focus()
    text.current?.setSelectionRange(from, from + (lines[(wrong?.line ?? 1) - 1]?.length ?? 0))
  }
  return (
    <>
      <div className="settings-bar">
        <span className="stack-tight grow">
          {read.from.includes('/') ? (
            <Path path={read.from} />
          ) : (
            <AgentText text={read.from} max={120} bare />
          )}
          <span className="small dim num" data-testid="import-counts">
            {wordsOfCounts(read.report)}
          </span>
        </span>
        <label className="row small dim">
          Read as settings of
          <select
            className="input select"
            value={read.format}
            disabled={isChanged}
            title={isChanged ? 'Your changes would be lost. Go back to read it again.' : undefined}
            onChange={({ target: { value } }) => {
              const format = ReadFormat.options.find((each) => each === value)
              if (format) void readAs(format)
            }}
            data-testid="import-read-as"
          >
            {ReadFormat.options.map((each) => (
              <option key={each} value={each}>
                {FORMAT_NAMES[each]}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div className="settings-columns">
        <MappingReportView report={read.report} none="Nothing in it is a matter of the boundary." />
        <div className="stack import-policy">
          <textarea
            ref={text}
            className="input mono policy-text"
            aria-label="The policy, which you may change"
            aria-invalid={wrong !== null}
            aria-describedby="import-check"
            spellCheck={false}
            value={policy}
            onChange={(event) => changePolicy(event.target.value)}
            data-testid="import-policy"
          />
          <p id="import-check" className="small row" role="status" data-testid="import-check">
            {wrong ? (
              <button type="button" className="link field-problem" onClick={toLine}>
                {sentence(wordsOfProblem(wrong))}
              </button>
            ) : (
              <>
                <Icon name="check" />
                <span className="dim">
                  {isChanged
                    ? 'It is a policy, as you changed it.'
                    : 'It is a policy. You may change it.'}
                </span>
              </>
            )}
          </p>
        </div>
      </div>
    </>
  )
}

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
