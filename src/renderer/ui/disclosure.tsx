import { type ReactNode, useState } from 'react'
import { Icon } from './icons.tsx'

interface DisclosureProps {
  readonly title: string
  /** What stands in it, in one line: a person need not open it to know. */
  readonly summary: string
  readonly problem?: string | null
  /** From the start: what stands in it is not the usual. */
  readonly isOpen?: boolean
  readonly children: ReactNode
  readonly testId: string
}

/** Closed at first. A problem inside shows outside as well. */
export function Disclosure({
  title,
  summary,
  problem = null,
  isOpen = false,
  children,
  testId,
}: DisclosureProps) {
  const [startsOpen] = useState(isOpen)
  return (
    <details className="disclosure" open={startsOpen} data-testid={testId}>
      <summary>
        <Icon name="chevron" />
        <b>{title}</b>
        <span className="grow clip small dim disclosure-summary" data-testid={`${testId}-summary`}>
          {summary}
        </span>
        {problem && (
          <span className="chip warn" title={problem}>
            <Icon name="warning" />
            To correct
          </span>
        )}
      </summary>
      <div className="disclosure-body">{children}</div>
    </details>
  )
}
