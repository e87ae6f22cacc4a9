import { closeTerminal } from '../stores/terminals.ts'
import type { Confirmation } from '../stores/ui.ts'
import { AgentText } from '../ui/text.tsx'
import { Ask } from './ask.tsx'

const MOST_NAMES = 5

export function ConfirmCloseTerminal({
  id,
  terminal,
  names,
}: Extract<Confirmation, { kind: 'close-terminal' }>) {
  return (
    <Ask
      title="Close this terminal?"
      confirm="Close terminal"
      testId="confirm-close-terminal"
      act={() => void closeTerminal(id, terminal)}
    >
      <p>What runs in it ends with its shell. What it wrote is kept in the recording.</p>
      <ul className="more-list">
        {names.slice(0, MOST_NAMES).map((name, index) => (
          <li key={index}>
            <AgentText text={name} max={64} />
          </li>
        ))}
        {names.length > MOST_NAMES && <li>and {names.length - MOST_NAMES} more</li>}
      </ul>
    </Ask>
  )
}
