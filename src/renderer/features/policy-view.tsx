import { Fragment, useId, useMemo, useState } from 'react'
import type { EffectivePolicy, PolicySentence } from '../../shared/domain/effective-policy.ts'
import { CopyButton } from '../ui/copy.tsx'
import { Icon } from '../ui/icons.tsx'
import { AgentText, RevealedText } from '../ui/text.tsx'
import { plural } from '../words/format.ts'
import { AXIS_NAMES } from '../words/isolation.ts'
import {
  type CommandRow,
  commandRows,
  groupSentences,
  ORIGINS,
  type PolicyGroup,
  rowsWith,
  shellLine,
  shellLines,
} from '../words/policy.ts'

/** What is let through and held back, in words and as the command that does it. */
export function PolicyView({ policy }: { policy: EffectivePolicy }) {
  const [wanted, setWanted] = useState('')
  const rows = useMemo(() => commandRows(policy.command), [policy.command])
  const groups = groupSentences(policy.sentences, wanted)
  const shown = rowsWith(rows, wanted)
  const isNarrowed = wanted.trim() !== ''
  return (
    <div className="policy" data-testid="policy-view">
      <div className="policy-bar">
        <Icon name="search" />
        <input
          className="policy-search"
          type="search"
          aria-label="Find in the policy"
          placeholder="Find a path, a host or an option"
          spellCheck={false}
          data-focus-first
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
          data-testid="policy-search"
        />
        <span className="small dim num" role="status" data-testid="policy-count">
          {isNarrowed
            ? `${plural(countOf(groups), 'sentence')}, ${plural(shown.length, 'option')} found`
            : plural(policy.sentences.length, 'sentence')}
        </span>
      </div>
      <section
        className="policy-scroll scroll"
        aria-label="Effective policy"
        tabIndex={0}
        data-testid="policy-scroll"
      >
        {groups.map((group) => (
          <Group key={group.axis} group={group} />
        ))}
        {isNarrowed && groups.length + shown.length === 0 && (
          <p className="dim" data-testid="policy-nothing">
            Nothing in it holds these words.
          </p>
        )}
        <Command command={policy.command} rows={shown} isNarrowed={isNarrowed} />
      </section>
    </div>
  )
}

const countOf = (groups: readonly PolicyGroup[]): number =>
  groups.reduce((sum, { can, cannot }) => sum + can.length + cannot.length, 0)

function Group({ group: { axis, can, cannot } }: { group: PolicyGroup }) {
  const id = useId()
  return (
    <section className="policy-group" aria-labelledby={id} data-testid={`policy-${axis}`}>
      <h2 id={id}>{AXIS_NAMES[axis]}</h2>
      <div className="stack">
        <Sentences title="Can" sentences={can} />
        <Sentences title="Cannot" sentences={cannot} />
      </div>
    </section>
  )
}

interface SentencesProps {
  readonly title: 'Can' | 'Cannot'
  readonly sentences: readonly PolicySentence[]
}

function Sentences({ title, sentences }: SentencesProps) {
  if (sentences.length === 0) return null
  return (
    <div className={`sentences ${title.toLowerCase()}`}>
      <h3>{title}</h3>
      <ul>
        {sentences.map(({ text, origin }, index) => (
          <li key={index} className="sentence" data-testid="policy-sentence">
            <Icon name={title === 'Can' ? 'check' : 'deny'} />
            <span className="grow">
              <RevealedText text={text} max={4200} />
            </span>
            <span className={`chip origin ${origin}`} title={ORIGINS[origin].why}>
              {ORIGINS[origin].name}
            </span>
          </li>
        ))}
      </ul>
    </div>
  )
}

interface CommandProps {
  readonly command: readonly string[]
  readonly rows: readonly CommandRow[]
  readonly isNarrowed: boolean
}

function Command({ command, rows, isNarrowed }: CommandProps) {
  const id = useId()
  if (command.length === 0)
    return (
      <p className="hint" data-testid="policy-no-command">
        The program is started as it is: this level puts no command of its own around it.
      </p>
    )
  return (
    <section className="policy-command" aria-labelledby={id}>
      <header className="row wrap">
        <h2 id={id} className="grow">
          Exact command{' '}
          <span className="small dim num">
            {plural(command.length - 1, 'argument')}
            {isNarrowed && `, ${plural(rows.length, 'option')} shown`}
          </span>
        </h2>
        <span className="row">
          <CopyButton text={shellLine(command)} label="Copy as one line" />
          <CopyButton text={shellLines(command)} label="Copy one per line" />
        </span>
      </header>
      <ol className="command-rows" data-testid="policy-command">
        {rows.map(({ at, words }) => (
          <li key={at} className="command-row" data-testid="command-row">
            <span className="at num">{at}</span>
            <span className="words">
              {words.map((word, index) => (
                <Fragment key={index}>
                  {index > 0 && ' '}
                  <AgentText text={word} max={4200} bare />
                </Fragment>
              ))}
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}
