import { useState } from 'react'
import {
  COLOURS,
  type Colour,
  FIRST_RULES,
  type HighlightRule,
  setHighlights,
  useHighlights,
} from '../stores/highlights.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'

/** Switches the marks of events off and on, and opens what they are made of. */
export function HighlightButtons() {
  const isOn = useHighlights((state) => state.isOn)
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Button
        small
        aria-pressed={isOn}
        onClick={() => setHighlights({ isOn: !isOn })}
        data-testid="highlights-toggle"
      >
        {isOn ? 'Highlights on' : 'Highlights off'}
      </Button>
      <Button
        small
        look="quiet"
        icon="edit"
        aria-label="Highlight rules"
        onClick={() => setOpen(true)}
        data-testid="highlights-open"
      />
      {isOpen && <HighlightDialog onClose={() => setOpen(false)} />}
    </>
  )
}

const NAMES: Readonly<Record<Colour, string>> = {
  ...{ red: 'Red', amber: 'Amber', green: 'Green', blue: 'Blue', violet: 'Violet' },
}

function HighlightDialog({ onClose }: { onClose: () => void }) {
  const rules = useHighlights((state) => state.rules)
  const set = (next: readonly HighlightRule[]): void => setHighlights({ rules: next })
  const change = (index: number, patch: Partial<HighlightRule>): void =>
    set(rules.map((rule, at) => (at === index ? { ...rule, ...patch } : rule)))
  return (
    <Dialog
      title="Highlight rules"
      onClose={onClose}
      testId="highlights"
      foot={
        <>
          <Button onClick={() => set(FIRST_RULES)} data-testid="highlights-reset">
            Back to the first ones
          </Button>
          <Button look="primary" data-focus-first onClick={onClose}>
            Done
          </Button>
        </>
      }
    >
      <div className="export">
        <p className="dim">
          Events with these words are marked. The rules are tried from the top; the first that fits
          counts.
        </p>
        <ol className="highlight-rules">
          {rules.map((rule, index) => (
            <li key={index} className="row" data-testid="highlight-rule">
              <span className={`highlight-sample hl-${rule.colour}`} aria-hidden="true" />
              <input
                className="input grow"
                aria-label={`Words of rule ${index + 1}`}
                value={rule.words}
                maxLength={200}
                onChange={(event) => change(index, { words: event.target.value })}
              />
              <select
                className="input select"
                aria-label={`Colour of rule ${index + 1}`}
                value={rule.colour}
                onChange={(event) => {
                  const colour = COLOURS.find((item) => item === event.target.value)
                  if (colour) change(index, { colour })
                }}
              >
                {COLOURS.map((colour) => (
                  <option key={colour} value={colour}>
                    {NAMES[colour]}
                  </option>
                ))}
              </select>
              <Button
                small
                look="quiet"
                icon="up"
                aria-label={`Try rule ${index + 1} earlier`}
                disabled={index === 0}
                onClick={() => set(earlier(rules, index))}
              />
              <Button
                small
                look="quiet"
                icon="trash"
                aria-label={`Remove rule ${index + 1}`}
                onClick={() => set(rules.filter((_, at) => at !== index))}
              />
            </li>
          ))}
        </ol>
        <Button
          icon="add"
          disabled={rules.length >= 50}
          onClick={() => set([...rules, { words: '', colour: 'blue' }])}
          data-testid="highlights-add"
        >
          Add a rule
        </Button>
      </div>
    </Dialog>
  )
}

/** With the rule one place nearer to the top. */
function earlier(rules: readonly HighlightRule[], index: number): HighlightRule[] {
  const next = [...rules]
  next.splice(index - 1, 0, ...next.splice(index, 1))
  return next
}
