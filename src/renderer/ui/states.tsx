import type { ReactNode } from 'react'
import { formatAgo } from '../words/format.ts'
import { Button } from './button.tsx'
import { Icon, type IconName } from './icons.tsx'
import { useNow } from './use-now.ts'

interface EmptyProps {
  readonly icon: IconName
  readonly title: string
  readonly children?: ReactNode
  readonly action?: ReactNode
}

export function Empty({ icon, title, children, action }: EmptyProps) {
  return (
    <div className="empty">
      <Icon name={icon} />
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {action}
    </div>
  )
}

/** The shape of what comes; no spinner, no motion. */
export function Loading({ what, rows = 4 }: { what: string; rows?: number }) {
  return (
    <div className="loading" role="status" aria-label={`Loading ${what}`}>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className={`loading-line width-${index % 3}`} />
      ))}
    </div>
  )
}

export function Failed({ what, retry }: { what: string; retry: () => void }) {
  return (
    <Empty
      icon="warning"
      title={`${what} could not be loaded`}
      action={<Button onClick={retry}>Try again</Button>}
    >
      The host did not answer as expected. Its log has the reason.
    </Empty>
  )
}

/** What is shown stays, and says how old it is. */
export function StaleNote({ sinceMs }: { sinceMs: number | null }) {
  const now = useNow(sinceMs !== null)
  if (sinceMs === null) return null
  return (
    <span className="chip warn" data-testid="stale-note">
      <Icon name="disconnected" />
      as of {formatAgo(sinceMs, now)}
    </span>
  )
}
