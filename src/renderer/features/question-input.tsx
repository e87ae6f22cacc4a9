import type { AgentQuestion } from '../../shared/domain/agent-question.ts'
import { AgentText } from '../ui/text.tsx'
import { plural } from '../words/format.ts'

type Input = AgentQuestion['input']

/** Of one member at first, so that no program inside makes a page that cannot be drawn. */
const FIRST = { lines: 100, chars: 4000 }
/** What is surely seen without scrolling. */
const SEEN = { lines: 8, chars: 400 }

const linesOf = (value: string): readonly string[] => value.split('\n')
const isWithin = (value: string, most: typeof FIRST): boolean =>
  value.length <= most.chars && linesOf(value).length <= most.lines

/** Part of it has to be asked for: what was not shown is not allowed. */
export const isClipped = (input: Input): boolean =>
  input.some(({ value }) => !isWithin(value, FIRST))

/** Everything the tool would be given, raw, line by line; what hides in a line is shown. */
export function QuestionInput({ input, showsAll }: { input: Input; showsAll: boolean }) {
  const all = input.map(({ value }) => value).join('\n')
  return (
    <>
      <div
        className="question-input"
        role="region"
        aria-label="What the tool would be given"
        // A person without a pointer scrolls it by keys.
        tabIndex={0}
        data-testid="question-input"
      >
        {input.map(({ name, value }) => (
          <div key={name}>
            <p className="small dim">
              <AgentText text={name} max={200} bare />
            </p>
            <Value value={value} showsAll={showsAll} />
          </div>
        ))}
      </div>
      {!isWithin(all, SEEN) && (
        <p className="question-size small dim num" data-testid="question-long">
          {plural(linesOf(all).length, 'line')}, {plural(all.length, 'character')}: scroll to read
          all of it
        </p>
      )}
    </>
  )
}

function Value({ value, showsAll }: { value: string; showsAll: boolean }) {
  const part = showsAll || isWithin(value, FIRST) ? value : value.slice(0, FIRST.chars)
  const lines = linesOf(part).slice(0, showsAll ? undefined : FIRST.lines)
  const hidden = value.length - lines.join('\n').length
  return (
    <div className="question-value">
      {lines.map((line, index) => (
        <div key={index}>
          {line === '' ? '\u00a0' : <AgentText text={line} max={line.length} bare />}
        </div>
      ))}
      {hidden > 0 && <p className="faint">… {plural(hidden, 'more character')}</p>}
    </div>
  )
}
