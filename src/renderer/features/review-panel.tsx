import { useEffect, useState } from 'react'
import type { SessionId } from '../../shared/domain/ids.ts'
import type { ReviewChange, ReviewLook, ReviewOutcome } from '../../shared/domain/review.ts'
import { isLive } from '../../shared/domain/session.ts'
import {
  applyChosen,
  choosePlain,
  isPlain,
  lookAtReview,
  toggleChosen,
  useReview,
} from '../stores/review.ts'
import { useSessions } from '../stores/sessions.ts'
import { setUi } from '../stores/ui.ts'
import { useView } from '../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { Disclosure } from '../ui/disclosure.tsx'
import { List } from '../ui/list.tsx'
import { Empty, Failed, Loading } from '../ui/states.tsx'
import { AgentText } from '../ui/text.tsx'
import { formatBytes, plural } from '../words/format.ts'
import { CONFLICT, GUARDS, LEFT_OUT, REFUSED, REVIEW_CHANGES } from '../words/review.ts'
import { FileLetter, FilePath } from './file-row.tsx'
import { Writer } from './file-list.tsx'
import { ReviewDiff } from './review-diff.tsx'

/** What the session would change in the folder, and what of it is to be? */
export function ReviewPanel({ id }: { id: SessionId }) {
  const shown = useReview((state) => (state.id === id ? state.look : 'loading'))
  const status = useSessions((state) => state.byId.get(id)?.status)
  useEffect(() => {
    void lookAtReview(id)
  }, [id, status])
  if (shown === 'failed') return <Failed what="The review" retry={() => void lookAtReview(id)} />
  if (shown === 'loading' || shown === null) return <Loading what="the review" />
  return <Review id={id} look={shown} />
}

function Review({ id, look }: { id: SessionId; look: ReviewLook }) {
  const { changes } = look
  const { chosen, isApplying, outcome } = useReview()
  const isRunning = useSessions((state) => {
    const session = state.byId.get(id)
    return session !== undefined && isLive(session)
  })
  const [path, setPath] = useState<string | null>(null)
  const [opened, setOpened] = useState<ReviewChange | null>(null)
  const current = changes.find((change) => change.path === path)
  const plain = changes.filter(isPlain)
  const isAll = plain.length > 0 && plain.every((change) => chosen.has(change.path))
  return (
    <div className="panel-fill" data-testid="review">
      <div className="panel-bar">
        <label className="check compact grow">
          <input
            type="checkbox"
            checked={isAll}
            disabled={plain.length === 0}
            onChange={() => choosePlain(changes)}
            data-testid="review-all"
          />
          <span className="small">
            {plain.length === changes.length
              ? plural(changes.length, 'change')
              : `${plain.length} without a mark, of ${plural(changes.length, 'change')}`}
          </span>
        </label>
        <Button
          small
          look="quiet"
          icon="restart"
          aria-label="Look again"
          onClick={() => void lookAtReview(id)}
          data-testid="review-again"
        />
      </div>
      {outcome && <Outcome outcome={outcome} />}
      {!look.isWhole && (
        <p className="panel-note small dim">There are more changes. Apply these first.</p>
      )}
      {changes.length === 0 ? (
        <Empty icon="file" title="Nothing differs">
          The copy has nothing that the folder has not.
        </Empty>
      ) : (
        <List
          label="Changes to apply; x chooses, Enter shows"
          items={changes}
          keyOf={(change) => change.path}
          rowHeight={28}
          selected={path}
          onSelect={(change) => setPath(change.path)}
          onOpen={setOpened}
          onMark={(change) => toggleChosen(change.path)}
          render={(change) => <Row change={change} isChosen={chosen.has(change.path)} />}
          testId="review-rows"
        />
      )}
      {current && <Details change={current} show={() => setOpened(current)} />}
      {look.leftOutCount > 0 && <NeverApplied look={look} />}
      <div className="panel-foot row">
        <Button
          look="danger"
          disabled={isRunning}
          title={isRunning ? 'Stop the session first' : undefined}
          onClick={() => setUi({ confirm: { kind: 'discard-review', id } })}
          data-testid="review-discard"
        >
          Discard
        </Button>
        <span className="grow" />
        <Button
          look="primary"
          disabled={chosen.size === 0 || isApplying}
          onClick={() => void applyChosen(id)}
          data-testid="review-apply"
        >
          Apply {plural(chosen.size, 'file')} to the folder
        </Button>
      </div>
      {opened && <ReviewDiff id={id} change={opened} onClose={() => setOpened(null)} />}
    </div>
  )
}

function Row({ change, isChosen }: { change: ReviewChange; isChosen: boolean }) {
  const { path, guard, isConflict } = change
  const { name, letter } = REVIEW_CHANGES[change.change]
  return (
    <div className="file-row" data-testid="review-row" data-path={path}>
      <input
        type="checkbox"
        tabIndex={-1}
        aria-label={`Apply ${path}`}
        checked={isChosen}
        onChange={() => toggleChosen(path)}
        onDoubleClick={(event) => event.stopPropagation()}
      />
      <FileLetter
        kind={change.change === 'deleted' ? 'removed' : change.change}
        name={name}
        letter={letter}
      />
      <FilePath path={path} />
      {change.bytes !== null && (
        <span className="small faint num">{formatBytes(change.bytes)}</span>
      )}
      {isConflict && <span className="chip error">{CONFLICT.chip}</span>}
      {guard && <span className="chip warn">{GUARDS[guard].chip}</span>}
    </div>
  )
}

function Details({ change, show }: { change: ReviewChange; show: () => void }) {
  const { path, guard, isConflict, target, bytes, isExecutable } = change
  const writers = useView((view) => view.state.files.get(path)?.writers) ?? []
  return (
    <section className="details" aria-label="Change" data-testid="review-details">
      <p className="mono host-name">
        <AgentText text={path} max={400} bare />
      </p>
      {isConflict && <p className="small warn-text">{CONFLICT.sentence}</p>}
      {guard && <p className="small warn-text">{GUARDS[guard].sentence}</p>}
      <dl className="facts">
        <dt>Would be</dt>
        <dd>
          {REVIEW_CHANGES[change.change].name.toLowerCase()}
          {bytes !== null && `, ${formatBytes(bytes)}`}
          {isExecutable && ', a program that can be run'}
        </dd>
        {target !== null && (
          <>
            <dt>Link to</dt>
            <dd className="mono">
              <AgentText text={target} max={400} />
            </dd>
          </>
        )}
        {writers.length > 0 && (
          <>
            <dt>By</dt>
            <dd className="writers">
              {writers.toReversed().map((key) => (
                <Writer key={key} writer={key} />
              ))}
            </dd>
          </>
        )}
      </dl>
      <Button small icon="file" onClick={show} data-testid="review-show">
        Show difference
      </Button>
    </section>
  )
}

function Outcome({ outcome: { applied, refused } }: { outcome: ReviewOutcome }) {
  return (
    <div className="panel-note small" role="status" data-testid="review-outcome">
      <p>
        {plural(applied.length, 'file')} applied{refused.length > 0 && `, ${refused.length} not:`}
      </p>
      {refused.length > 0 && (
        <ul className="more-list">
          {refused.slice(0, 20).map(({ path, why, detail }) => (
            <li key={path}>
              <AgentText text={path} max={120} bare />: {REFUSED[why]}
              {detail && ` (${detail})`}
            </li>
          ))}
          {refused.length > 20 && <li>and {refused.length - 20} more</li>}
        </ul>
      )}
    </div>
  )
}

function NeverApplied({ look: { leftOut, leftOutCount } }: { look: ReviewLook }) {
  return (
    <Disclosure
      title="Never applied"
      summary={plural(leftOutCount, 'entry', 'entries')}
      testId="review-left-out"
    >
      <ul className="missed-files">
        {leftOut.map(({ path, why }) => (
          <li key={path} className="row small">
            <span className="grow mono clip">
              <AgentText text={path} max={300} bare />
            </span>
            <span className="dim">{LEFT_OUT[why]}</span>
          </li>
        ))}
      </ul>
    </Disclosure>
  )
}
