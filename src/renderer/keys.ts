/** `Mod` is Cmd on a Mac and Ctrl elsewhere. Chords are written `Mod+Shift+P`, `?`, `ArrowLeft`. */
export const isMac = (): boolean => /mac/i.test(navigator.platform)

export function matchesChord(event: KeyboardEvent, chord: string): boolean {
  const parts = chord.split('+')
  const key = parts.pop() || '+'
  const wantsMod = parts.includes('Mod')
  const wantsCtrl = parts.includes('Ctrl') || (wantsMod && !isMac())
  const wantsMeta = wantsMod && isMac()
  if (event.ctrlKey !== wantsCtrl || event.metaKey !== wantsMeta || event.altKey) return false
  const isLetter = /^[A-Z]$/.test(key)
  if (isLetter) return event.shiftKey === parts.includes('Shift') && event.code === `Key${key}`
  // What a sign needs of Shift depends on the keyboard, so only the sign counts.
  return event.key === key
}

const SIGNS: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Space: 'Space',
  ' ': 'Space',
}

/** For display, in the order a person presses them. */
export function showChord(chord: string): string[] {
  const parts = chord === '+' ? ['+'] : chord.split('+')
  return parts.map((part) => {
    if (part === 'Mod') return isMac() ? '⌘' : 'Ctrl'
    if (part === 'Shift' && isMac()) return '⇧'
    return SIGNS[part] ?? part
  })
}

/** For a tooltip: `Probe again (Ctrl+Shift+Y)`. */
export const withChord = (title: string, chord: string): string =>
  `${title} (${showChord(chord).join(isMac() ? '' : '+')})`

export type FocusPlace = 'terminal' | 'text' | 'timeline' | 'list' | 'control' | 'other'

export function focusPlace(target: EventTarget | null): FocusPlace {
  if (!(target instanceof HTMLElement)) return 'other'
  if (target.closest('.xterm')) return 'terminal'
  if (target.closest('input:not([type=checkbox]):not([type=radio]), textarea, [contenteditable]'))
    return 'text'
  const place = target.closest<HTMLElement>('[data-keys]')?.dataset['keys']
  if (place === 'timeline' || place === 'list') return place
  return target.closest('button, a, select, input, summary, [role=tab], [role=separator]')
    ? 'control'
    : 'other'
}
