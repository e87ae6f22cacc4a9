import { commandFor } from './commands.ts'
import { focusPlace } from './keys.ts'

/** Before any element sees the key; what is not ours passes untouched. */
export function dispatchKey(event: KeyboardEvent): void {
  if (event.isComposing || event.repeat) return
  // An open dialog has the keyboard to itself, but for the chords.
  if (document.querySelector('dialog[open]') && !event.ctrlKey && !event.metaKey) return
  const command = commandFor(event, focusPlace(event.target))
  if (!command) return
  event.preventDefault()
  event.stopPropagation()
  command.run()
}
