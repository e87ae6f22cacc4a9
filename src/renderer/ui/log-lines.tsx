import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import { plural } from '../words/format.ts'
import { findLines, type LogLine } from '../words/log-lines.ts'
import { FilterBar } from './filter-bar.tsx'
import { AgentText } from './text.tsx'

/** More would make the page slow; the newest are shown. */
const SHOWN_LINES = 400
const SHOWN_LETTERS = 2000

interface LogLinesProps {
  readonly lines: readonly string[]
  /** Names the field that narrows them. */
  readonly label: string
  readonly testId: string
  /** Whether a dialog that opens with it begins in the field. */
  readonly isFirst?: boolean
}

/**
 * Lines that somebody else wrote, and a field that narrows them to those with something in them. The end
 * stays in view while they grow, unless a person has scrolled up.
 */
export function LogLines({ lines, label, testId, isFirst = false }: LogLinesProps) {
  const [wanted, setWanted] = useState('')
  const box = useRef<HTMLPreElement>(null)
  const isAtEnd = useRef(true)
  const found = useMemo(() => findLines(lines, wanted), [lines, wanted])
  const shown = found.lines.slice(-SHOWN_LINES)
  useEffect(() => {
    if (isAtEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight
  }, [found])
  /** Enter leads to the lines. Escape empties the field first, and only then does what it does elsewhere. */
  const leave = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') box.current?.focus()
    if (event.key !== 'Escape' || wanted === '') return
    event.preventDefault()
    event.stopPropagation()
    setWanted('')
  }
  return (
    <div className="log-lines" onKeyDown={leave}>
      <FilterBar
        label={label}
        value={wanted}
        onChange={setWanted}
        testId={`${testId}-filter`}
        isFirst={isFirst}
        title={plural(lines.length, 'line')}
        count={
          wanted === ''
            ? plural(lines.length, 'line')
            : `${plural(found.hits, 'hit')} in ${plural(found.lines.length, 'line')}`
        }
      />
      <pre
        ref={box}
        className="mono small job-log scroll"
        tabIndex={0}
        aria-label={label.replace(/^Filter /, '')}
        data-testid={testId}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < 8
        }}
      >
        {wanted !== '' && shown.length === 0 && <span className="faint">No line has that.</span>}
        {shown.map((line) => (
          <Line key={line.at} line={line} />
        ))}
      </pre>
    </div>
  )
}

function Line({ line: { pieces } }: { line: LogLine }) {
  if (pieces.length === 1)
    return (
      <div>
        <AgentText text={pieces[0] ?? ''} max={SHOWN_LETTERS} bare />
      </div>
    )
  return (
    <div>
      {pieces.map((piece, index) =>
        index % 2 === 1 ? (
          <mark key={index}>
            <AgentText text={piece} max={SHOWN_LETTERS} bare />
          </mark>
        ) : (
          piece !== '' && <AgentText key={index} text={piece} max={SHOWN_LETTERS} bare />
        ),
      )}
    </div>
  )
}
