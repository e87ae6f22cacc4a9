import type { ReactNode } from 'react'

interface FilterBarProps {
  /** Name of the field. */
  readonly label: string
  readonly placeholder?: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly testId: string
  /** What is left of the list; stands out while it is not all of it. */
  readonly count: ReactNode
  /** The count in more words. */
  readonly title?: string
  readonly end?: ReactNode
  /** Whether a dialog that opens with it begins there. */
  readonly isFirst?: boolean
}

/** Narrows the list below it; `/` leads to it. */
export function FilterBar({
  label,
  placeholder = label,
  value,
  onChange,
  testId,
  count,
  title,
  end,
  isFirst = false,
}: FilterBarProps) {
  return (
    <div className="panel-bar">
      <input
        className="input"
        aria-label={label}
        placeholder={placeholder}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        data-list-filter
        {...(isFirst ? { 'data-focus-first': true } : {})}
        data-testid={testId}
      />
      <span
        className={value ? 'chip warn num' : 'faint small num'}
        title={title}
        role="status"
        data-testid={`${testId}-count`}
      >
        {count}
      </span>
      {end}
    </div>
  )
}
