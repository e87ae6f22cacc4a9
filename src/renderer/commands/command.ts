import type { FocusPlace } from '../keys.ts'

export type CommandGroup =
  | 'Go'
  | 'Session'
  | 'Prompts'
  | 'Policy'
  | 'Processes'
  | 'View'
  | 'Terminal'
  | 'Timeline'
  | 'Replay'

/** One action. Palette, keys and the help are made from the table of these and nothing else. */
export interface Command {
  readonly id: string
  readonly title: string
  readonly group: CommandGroup
  /** The first is shown. Single signs work only where `place` says. */
  readonly keys: readonly string[]
  /** Where the keys work; absent: everywhere. */
  readonly place?: (place: FocusPlace) => boolean
  readonly when: () => boolean
  readonly run: () => void
}

export const outsideText = (place: FocusPlace): boolean => place !== 'text' && place !== 'terminal'
