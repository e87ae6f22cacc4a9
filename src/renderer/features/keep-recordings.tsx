import { useEffect, useState } from 'react'
import type { Retention } from '../../shared/domain/retention.ts'
import { useConnection } from '../connection.ts'
import { readRetention, setRetention, useRetention } from '../stores/retention.ts'
import { useRecordings } from '../stores/recordings.ts'
import { useSessions } from '../stores/sessions.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { AgentText } from '../ui/text.tsx'
import { formatDate } from '../words/format.ts'

const GB = 1_000_000_000

/** Says how long recordings are kept, and opens what changes it. */
export function KeepButton() {
  const retention = useRetention((state) => state.retention)
  const connection = useConnection()
  const [isOpen, setOpen] = useState(false)
  useEffect(() => {
    // Not connected yet, or no longer: it is read when that changes.
    readRetention().catch(() => undefined)
  }, [connection])
  if (!retention) return null
  return (
    <>
      <Button onClick={() => setOpen(true)} data-testid="keep-open">
        {wordsOf(retention)}
      </Button>
      {isOpen && <KeepDialog retention={retention} onClose={() => setOpen(false)} />}
    </>
  )
}

function wordsOf({ days, bytes }: Retention): string {
  if (days === null && bytes === null) return 'Kept for ever'
  return [
    ...(days === null ? [] : [`${days} days`]),
    ...(bytes === null ? [] : [`${bytes / GB} GB`]),
  ].join(', at most ')
}

/** null: empty, so no limit. NaN: no number that can be taken. */
function limitOf(text: string, scale: number, most: number): number | null {
  if (text.trim() === '') return null
  const value = Number(text.replace(',', '.'))
  return value > 0 && value * scale <= most ? Math.round(value * scale) : NaN
}

function KeepDialog({ retention, onClose }: { retention: Retention; onClose: () => void }) {
  const [days, setDays] = useState(retention.days === null ? '' : String(retention.days))
  const [size, setSize] = useState(retention.bytes === null ? '' : String(retention.bytes / GB))
  const [kept, setKept] = useState<ReadonlySet<string>>(new Set(retention.kept))
  const [problem, setProblem] = useState<string | null>(null)
  const recordings = useRecordings((state) => state.recordings)
  const titles = useSessions((state) => state.byId)
  const save = (): void => {
    const wantedDays = limitOf(days, 1, 3650)
    const bytes = limitOf(size, GB, 1e15)
    if (Number.isNaN(wantedDays) || (wantedDays !== null && wantedDays < 1))
      return setProblem('Days are a whole number from 1 to 3650, or nothing for ever.')
    if (Number.isNaN(bytes) || (bytes !== null && bytes < 1_000_000))
      return setProblem('The size is a number of gigabytes, at least 0.001, or nothing.')
    const ids = recordings.map(({ session }) => session.id).filter((id) => kept.has(id))
    setRetention({ days: wantedDays, bytes, kept: ids }).then(onClose, () =>
      setProblem('The host did not answer. Nothing was changed; try again.'),
    )
  }
  return (
    <Dialog
      title="How long recordings are kept"
      onClose={onClose}
      testId="keep"
      foot={
        <>
          {problem && (
            <span className="grow warn-text small" role="alert" data-testid="keep-problem">
              {problem}
            </span>
          )}
          <Button onClick={onClose} data-focus-first>
            Cancel
          </Button>
          <Button look="primary" onClick={save} data-testid="keep-save">
            Save
          </Button>
        </>
      }
    >
      <div className="export">
        <p className="dim">
          Older ones, and then the oldest beyond the size, are deleted at once and every hour. What
          runs stays. The audit keeps its entries.
        </p>
        <label className="row">
          <span className="keep-label">Days</span>
          <input
            className="input"
            inputMode="numeric"
            placeholder="For ever"
            value={days}
            onChange={(event) => setDays(event.target.value)}
            data-testid="keep-days"
          />
        </label>
        <label className="row">
          <span className="keep-label">Gigabytes of all together</span>
          <input
            className="input"
            inputMode="decimal"
            placeholder="Any size"
            value={size}
            onChange={(event) => setSize(event.target.value)}
            data-testid="keep-size"
          />
        </label>
        <h2>Kept whatever is said above</h2>
        <ul className="keep-list scroll">
          {recordings.map(({ session }) => (
            <li key={session.id}>
              <label className="check compact">
                <input
                  type="checkbox"
                  checked={kept.has(session.id)}
                  onChange={(event) => {
                    const next = new Set(kept)
                    if (event.target.checked) next.add(session.id)
                    else next.delete(session.id)
                    setKept(next)
                  }}
                />
                <span className="grow clip">
                  <AgentText text={titles.get(session.id)?.title ?? session.title} max={120} bare />
                </span>
                <span className="num faint small">{formatDate(session.createdAtMs)}</span>
              </label>
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  )
}
