import { useState } from 'react'
import type { SearchHit } from '../../shared/domain/search.ts'
import { searchRecordings, useRecordingSearch } from '../stores/recording-search.ts'
import { useSessions } from '../stores/sessions.ts'
import { goTo, setUi } from '../stores/ui.ts'
import { List } from '../ui/list.tsx'
import { Empty } from '../ui/states.tsx'
import { AgentText } from '../ui/text.tsx'
import { formatClock, plural } from '../words/format.ts'

/** Words anywhere in any recording. Enter begins. */
export function SearchField() {
  const { words, status, hits, done, of } = useRecordingSearch()
  const [draft, setDraft] = useState(words)
  return (
    <div className="panel-bar">
      <input
        className="input"
        type="search"
        aria-label="Search all recordings"
        placeholder="Search all recordings, then Enter"
        value={draft}
        onChange={(event) => {
          setDraft(event.target.value)
          if (event.target.value === '') void searchRecordings('')
        }}
        onKeyDown={(event) => event.key === 'Enter' && void searchRecordings(draft)}
        data-testid="recording-search"
      />
      <span className="small dim num" role="status">
        {status === 'searching' &&
          (of > 0 ? `Searching: ${done} of ${of} recordings` : 'Searching…')}
        {status === 'full' &&
          `The first ${plural(hits?.length ?? 0, 'place')}, in ${done} of ${of} recordings. Say more to find less.`}
        {status === 'failed' && 'The host did not answer. Press Enter to try again.'}
        {status === 'idle' &&
          hits &&
          `${plural(hits.length, 'place')}, at most 5 of each recording`}
      </span>
    </div>
  )
}

export function SearchHits({ hits }: { hits: readonly SearchHit[] }) {
  const [selected, setSelected] = useState<string | null>(null)
  if (hits.length === 0)
    return (
      <Empty icon="search" title="Not found">
        No terminal and no event of any recording has these words in it.
      </Empty>
    )
  const keyOf = (hit: SearchHit): string => `${hit.sessionId} ${hits.indexOf(hit)}`
  return (
    <List
      label="Places"
      items={hits}
      keyOf={keyOf}
      rowHeight={44}
      selected={selected}
      onSelect={(hit) => setSelected(keyOf(hit))}
      onOpen={({ sessionId, atMs }) => {
        setUi({ startAtMs: atMs })
        goTo('recordings', sessionId)
      }}
      render={(hit) => <HitRow hit={hit} />}
      testId="search-hits"
    />
  )
}

function HitRow({ hit: { sessionId, place, atMs, excerpt } }: { hit: SearchHit }) {
  const title = useSessions((state) => state.byId.get(sessionId)?.title)
  return (
    <div className="search-hit" data-testid="search-hit">
      <span className="clip mono">
        <AgentText text={excerpt} max={200} bare />
      </span>
      <span className="small faint num">
        {title ?? sessionId} · {place} · {formatClock(atMs)}
      </span>
    </div>
  )
}
