import type { IsolationLevel } from '../../shared/domain/isolation.ts'

interface InnerChoice {
  readonly name: string
  readonly effect: string
  readonly isInForce: boolean
}

/** The three ways in which an agent's own sandbox and ours can meet, and which of them holds. */
export function innerChoices(level: IsolationLevel): readonly InnerChoice[] {
  const isBound = level !== 'unconfined'
  return [
    {
      name: 'Outer alone',
      effect:
        'Cloche’s boundary holds all of the agent: its tools, servers and hooks too. The agent’s own sandbox is switched off for the session, or every command it runs would fail.',
      isInForce: isBound,
    },
    {
      name: 'Inner alone',
      effect:
        'Only the agent confines its commands, as you set it there. Cloche neither enforces nor proves it. That is the level Unconfined.',
      isInForce: !isBound,
    },
    {
      name: 'Both',
      effect:
        'Not in the OS sandbox and not in a container: the agent’s own needs namespaces, and letting programs inside make them would undo what keeps files from being changed.',
      isInForce: false,
    },
  ]
}

/** In one line, for the closed part and for the panel of a session. */
export const sumUpInner = (level: IsolationLevel): string =>
  level === 'unconfined' ? 'As you set it in the agent' : 'Off, Cloche’s boundary instead'
