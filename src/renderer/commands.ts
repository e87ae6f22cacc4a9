import type { Command } from './commands/command.ts'
import { PROCESS_COMMANDS } from './commands/process-commands.ts'
import { TERMINAL_COMMANDS } from './commands/terminal-commands.ts'
import { VIEW_COMMANDS } from './commands/view-commands.ts'
import { WINDOW_COMMANDS } from './commands/window-commands.ts'
import { type FocusPlace, matchesChord } from './keys.ts'
import { useActive } from './stores/active.ts'

export const COMMANDS: readonly Command[] = [
  ...WINDOW_COMMANDS,
  ...PROCESS_COMMANDS,
  ...TERMINAL_COMMANDS,
  ...VIEW_COMMANDS,
]

/** Keys that lists handle themselves; named here so that the help knows them. */
export const LIST_KEYS: readonly { readonly title: string; readonly keys: readonly string[] }[] = [
  { title: 'Next row', keys: ['j', 'ArrowDown'] },
  { title: 'Previous row', keys: ['k', 'ArrowUp'] },
  { title: 'Open', keys: ['Enter'] },
  { title: 'First, last row', keys: ['Home', 'End'] },
  { title: 'Fold, unfold a row of a tree', keys: ['ArrowLeft', 'ArrowRight'] },
]

/** null: the key is not ours, and goes where it was meant to. */
export function commandFor(event: KeyboardEvent, place: FocusPlace): Command | null {
  if (place === 'terminal' && useActive.getState().replay === null && !isOurChord(event))
    return null
  return (
    COMMANDS.find(
      (command) =>
        command.keys.some((chord) => matchesChord(event, chord)) &&
        (command.place?.(place) ?? true) &&
        command.when(),
    ) ?? null
  )
}

/** While a terminal has the focus only these are ours; all others belong to the program inside. */
const isOurChord = (event: KeyboardEvent): boolean =>
  (event.ctrlKey && event.shiftKey) || event.metaKey
