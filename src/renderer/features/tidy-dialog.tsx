import { useEffect, useState } from 'react'
import type { Removable } from '../../shared/domain/engine.ts'
import { listRemovable, removeFromEngine } from '../stores/engines.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Loading } from '../ui/states.tsx'
import { formatBytes, formatDate } from '../words/format.ts'

const KINDS = {
  container: 'Container.',
  image: 'Image.',
  disk: 'Disk of an image, for machines.',
} as const satisfies Record<Removable['kind'], string>

/** Shows what would go and how much room that is, then removes exactly that. */
export function TidyDialog({ onClose }: { onClose: () => void }) {
  const [found, setFound] = useState<readonly Removable[] | string | null>(null)
  const [kept, setKept] = useState<ReadonlySet<string>>(new Set())
  useEffect(() => {
    void listRemovable().then(setFound)
  }, [])
  const all = found === null || typeof found === 'string' ? [] : found
  const chosen = all.filter(({ id }) => !kept.has(id))
  const bytes = chosen.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const toggle = (id: string): void => {
    const next = new Set(kept)
    if (!next.delete(id)) next.add(id)
    setKept(next)
  }
  return (
    <Dialog
      title="Tidy up"
      onClose={onClose}
      testId="tidy-dialog"
      foot={
        <>
          <span className="grow small dim num" data-testid="tidy-sum">
            {chosen.length > 0 && `${formatBytes(bytes)} would be free again`}
          </span>
          <Button data-focus-first onClick={onClose}>
            Cancel
          </Button>
          <Button
            look="danger"
            disabled={chosen.length === 0}
            onClick={() => {
              void removeFromEngine(chosen.map(({ id }) => id))
              onClose()
            }}
            data-testid="tidy-remove"
          >
            Remove {chosen.length}
          </Button>
        </>
      }
    >
      {found === null && <Loading what="what could go" rows={3} />}
      {typeof found === 'string' && <p className="warn-text">{found}</p>}
      {found !== null && typeof found !== 'string' && all.length === 0 && (
        <p className="dim">There is nothing to remove: all of it is in use.</p>
      )}
      <ul className="rule-list">
        {all.map(({ id, kind, name, sizeBytes, usedAtMs, why }) => (
          <li key={id} className="rule-row tidy-row" data-testid="tidy-row">
            <label className="check compact grow">
              <input type="checkbox" checked={!kept.has(id)} onChange={() => toggle(id)} />
              <span className="grow">
                <span className="mono clip">{name}</span>
                <span className="small dim">
                  {KINDS[kind]} {why}
                  {usedAtMs !== null && ` Last used ${formatDate(usedAtMs)}.`}
                </span>
              </span>
            </label>
            <span className="small num">{formatBytes(sizeBytes)}</span>
          </li>
        ))}
      </ul>
    </Dialog>
  )
}
