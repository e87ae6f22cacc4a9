import type { LifecycleCommand } from '../../shared/domain/dev-container.ts'
import { AgentText } from '../ui/text.tsx'

/** Those of these names, as a person would read them. */
export function CommandList({
  commands,
  names,
}: {
  commands: readonly LifecycleCommand[]
  names: readonly LifecycleCommand['name'][]
}) {
  return (
    <ul className="stack-tight">
      {commands
        .filter(({ name }) => names.includes(name))
        .map(({ name, text }) => (
          <li key={name} data-testid="dev-command">
            <span className="dim">{name}</span> <AgentText text={text} max={600} />
          </li>
        ))}
    </ul>
  )
}
