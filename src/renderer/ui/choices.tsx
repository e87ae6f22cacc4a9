import { type KeyboardEvent, type ReactNode, useId } from 'react'

export interface Choice<T extends string> {
  readonly value: T
  readonly label: string
}

interface SegmentedProps<T extends string> {
  readonly label: string
  readonly value: T
  readonly choices: readonly Choice<T>[]
  readonly onChange: (value: T) => void
  readonly testId: string
}

/** Radio buttons in a row: arrows move, the browser does the rest. */
export function Segmented<T extends string>({
  label,
  value,
  choices,
  onChange,
  testId,
}: SegmentedProps<T>) {
  const name = useId()
  return (
    <fieldset className="segmented" aria-label={label} data-testid={testId}>
      {choices.map((choice) => (
        <label key={choice.value}>
          <input
            type="radio"
            name={name}
            checked={choice.value === value}
            onChange={() => onChange(choice.value)}
            data-testid={`${testId}-${choice.value}`}
          />
          {choice.label}
        </label>
      ))}
    </fieldset>
  )
}

interface CheckProps {
  readonly name: string
  readonly checked: boolean
  readonly onChange: (checked: boolean) => void
  /** What it means, below its name. */
  readonly children: ReactNode
  readonly testId: string
}

/** On or off, with a sentence on what that does. */
export const Check = ({ name, checked, onChange, children, testId }: CheckProps) => (
  <label className="check">
    <input
      type="checkbox"
      checked={checked}
      onChange={(event) => onChange(event.target.checked)}
      data-testid={testId}
    />
    <span className="stack-tight">
      <span>{name}</span>
      <span className="small dim">{children}</span>
    </span>
  </label>
)

export interface TabItem<T extends string> {
  readonly value: T
  readonly label: string
  readonly count?: number
  /** Something in it must be looked at; the word for it. */
  readonly alarm?: string | null
}

interface TabsProps<T extends string> {
  readonly label: string
  readonly value: T
  readonly tabs: readonly TabItem<T>[]
  readonly onChange: (value: T) => void
  readonly testId: string
  readonly end?: ReactNode
}

export function Tabs<T extends string>({
  label,
  value,
  tabs,
  onChange,
  testId,
  end,
}: TabsProps<T>) {
  const move = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    const at = tabs.findIndex((tab) => tab.value === value)
    const next = tabs[(at + step + tabs.length) % tabs.length]!
    onChange(next.value)
    const list = event.currentTarget
    requestAnimationFrame(() => list.querySelector<HTMLElement>('[aria-selected="true"]')?.focus())
  }
  return (
    <div className="tabs">
      <div className="row tab-list" role="tablist" aria-label={label} onKeyDown={move}>
        {tabs.map((tab) => (
          <button
            key={tab.value}
            type="button"
            role="tab"
            className="tab"
            aria-selected={tab.value === value}
            tabIndex={tab.value === value ? 0 : -1}
            onClick={() => onChange(tab.value)}
            data-testid={`${testId}-${tab.value}`}
          >
            {tab.label}
            {tab.count !== undefined && tab.count > 0 && (
              <span className="count num">{tab.count}</span>
            )}
            {tab.alarm && (
              <span className="attention drift" role="img" aria-label={tab.alarm} title={tab.alarm}>
                !
              </span>
            )}
          </button>
        ))}
      </div>
      {end}
    </div>
  )
}
