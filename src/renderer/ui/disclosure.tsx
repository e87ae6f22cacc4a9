import type { ReactNode } from 'react'
import { Icon } from './icons.tsx'

interface DisclosureProps {
  readonly title: string
  /** What stands in it, in one line: a person need not open it to know. */
  readonly summary: string
  readonly problem?: string | null
  readonly children: ReactNode
  readonly testId: string
}

/** Closed at first. A problem inside shows outside as well. */
export function Disclosure({ title, summary, problem = null, children, testId }: DisclosureProps) {
  return (
    <details className="disclosure" data-testid={testId}>
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
