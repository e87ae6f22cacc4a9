import type { IsolationLevel } from '../../shared/domain/isolation.ts'
import type { SessionSpec } from '../../shared/domain/session.ts'

interface InnerWords {
  readonly title: string
  readonly effect: string
}

const BOUND: Readonly<Record<SessionSpec['innerSandbox'], InnerWords>> = {
  off: {
    title: 'Off: the outer boundary alone',
    effect:
      'Cloche’s boundary stands around everything, always. The agent’s own sandbox stays off and gets in nobody’s way.',
  },
  on: {
    title: 'On: both, one inside the other',
    effect:
      'The agent also confines its own commands. That can only take away more: nothing the outer boundary holds back is let through.',
  },
}

const UNBOUND: typeof BOUND = {
  off: { title: 'Off: no sandbox at all', effect: 'Nothing confines the agent or its commands.' },
  on: {
    title: 'On: the inner sandbox alone',
    effect:
      'Only the agent confines its own commands, and can switch that off itself. Cloche neither enforces nor proves it.',
  },
}

export const innerWords = (level: IsolationLevel): typeof BOUND =>
  level === 'unconfined' ? UNBOUND : BOUND

export const innerNote = (level: IsolationLevel): string =>
  level === 'unconfined'
    ? 'For a boundary that Cloche enforces and proves, choose another level.'
    : 'The agent’s own alone, without Cloche’s boundary, would be the level Unconfined.'

/** In one line, for the closed part and for the panel of a session. */
export const sumUpInner = (choice: SessionSpec['innerSandbox'], level: IsolationLevel): string =>
  level === 'unconfined'
    ? choice === 'on'
      ? 'On, inner alone'
      : 'Off'
    : choice === 'on'
      ? 'On, inside Cloche’s boundary'
      : 'Off, Cloche’s boundary alone'
