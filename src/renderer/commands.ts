import { isLive, type Session } from '../shared/domain/session.ts'
import { reconnect } from './connection.ts'
import { type FocusPlace, matchesChord } from './keys.ts'
import { useActive } from './stores/active.ts'
import { probe } from './stores/machine.ts'
import { setMinimised, usePrompts } from './stores/prompts.ts'
import { restartSession } from './stores/session-actions.ts'
import { useSessions } from './stores/sessions.ts'
import { goTo, type InspectorTab, setUi, useUi } from './stores/ui.ts'

export type CommandGroup =
  | 'Go'
  | 'Session'
  | 'Prompts'
  | 'View'
  | 'Terminal'
  | 'Timeline'
  | 'Replay'

/** One action. Palette, keys and the help are made from this table and from nothing else. */
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

const always = (): boolean => true
const outsideText = (place: FocusPlace): boolean => place !== 'text' && place !== 'terminal'
const onCanvas = (place: FocusPlace): boolean => place === 'timeline'
/** Where no list, field or button has a use for the key itself. */
const forReplay = (place: FocusPlace): boolean =>
  place === 'other' || place === 'timeline' || place === 'terminal'

const replaying = (): boolean => useActive.getState().replay !== null
const drawing = (): boolean => useActive.getState().timeline !== null
const inTerminal = (): boolean => useActive.getState().terminal !== null

function shownSession(): Session | null {
  const { route } = useUi.getState()
  return (route.id && useSessions.getState().byId.get(route.id)) || null
}
const shownIsLive = (): boolean => {
  const session = shownSession()
  return session !== null && isLive(session)
}
const shownIsPast = (): boolean => {
  const session = shownSession()
  return session !== null && !isLive(session)
}

const inspect = (inspectorTab: InspectorTab, title: string): Command => ({
  id: `view.${inspectorTab}`,
  title: `Show ${title}`,
  group: 'View',
  keys: [],
  when: () => useUi.getState().route.id !== null,
  run: () => setUi({ inspectorTab, isInspectorOpen: true }),
})

/** Shows the oldest prompt and gives its Deny button the focus. */
function toOldestPrompt(): void {
  setMinimised(false)
  const focus = (): void => document.querySelector<HTMLElement>('[data-prompt-default]')?.focus()
  requestAnimationFrame(focus)
  // The button takes the focus only once it may be used.
  setTimeout(focus, 450)
}

export const COMMANDS: readonly Command[] = [
  {
    id: 'palette',
    title: 'Command palette',
    group: 'Go',
    keys: ['Mod+Shift+P'],
    when: always,
    run: () => setUi({ overlay: 'palette' }),
  },
  {
    id: 'go.session',
    title: 'Go to session',
    group: 'Go',
    keys: ['Mod+P'],
    when: always,
    run: () => setUi({ overlay: 'go-to-session' }),
  },
  {
    id: 'keys',
    title: 'Keys',
    group: 'Go',
    keys: ['?'],
    place: outsideText,
    when: always,
    run: () => setUi({ overlay: 'keys' }),
  },
  {
    id: 'go.sessions',
    title: 'Sessions',
    group: 'Go',
    keys: [],
    when: always,
    run: () => goTo('sessions'),
  },
  {
    id: 'go.prompts',
    title: 'Prompts',
    group: 'Go',
    keys: [],
    when: always,
    run: () => goTo('prompts'),
  },
  {
    id: 'go.recordings',
    title: 'Recordings',
    group: 'Go',
    keys: [],
    when: always,
    run: () => goTo('recordings'),
  },
  {
    id: 'go.rules',
    title: 'Rules in force',
    group: 'Go',
    keys: [],
    when: always,
    run: () => goTo('rules'),
  },
  {
    id: 'go.doctor',
    title: 'Doctor and settings',
    group: 'Go',
    keys: [],
    when: always,
    run: () => goTo('doctor'),
  },
  {
    id: 'reconnect',
    title: 'Reconnect to the host',
    group: 'Go',
    keys: [],
    when: always,
    run: reconnect,
  },

  {
    id: 'session.new',
    title: 'New session',
    group: 'Session',
    keys: ['Mod+Shift+N'],
    when: always,
    run: () => setUi({ overlay: 'new-session' }),
  },
  {
    id: 'session.stop',
    title: 'Stop session',
    group: 'Session',
    keys: [],
    when: shownIsLive,
    run: () => setUi({ confirm: { kind: 'stop', id: shownSession()!.id } }),
  },
  {
    id: 'session.restart',
    title: 'Restart session',
    group: 'Session',
    keys: [],
    when: shownIsPast,
    run: () => void restartSession(shownSession()!.id),
  },
  {
    id: 'session.replay',
    title: 'Replay session',
    group: 'Session',
    keys: [],
    when: () => shownIsPast() && !replaying(),
    run: () => goTo('recordings', shownSession()!.id),
  },
  {
    id: 'session.remove',
    title: 'Remove session and recording',
    group: 'Session',
    keys: [],
    when: shownIsPast,
    run: () => setUi({ confirm: { kind: 'remove', id: shownSession()!.id } }),
  },

  {
    id: 'prompt.oldest',
    title: 'Oldest prompt',
    group: 'Prompts',
    keys: ['Mod+Shift+A'],
    when: () => usePrompts.getState().pending.length > 0,
    run: toOldestPrompt,
  },
  {
    id: 'prompt.minimise',
    title: 'Minimise prompts',
    group: 'Prompts',
    keys: [],
    when: () => usePrompts.getState().pending.length > 0,
    run: () => setMinimised(true),
  },

  {
    id: 'view.timeline',
    title: 'Toggle timeline',
    group: 'View',
    keys: ['q'],
    place: outsideText,
    when: () => useUi.getState().route.id !== null,
    run: () => setUi({ isDrawerOpen: !useUi.getState().isDrawerOpen }),
  },
  {
    id: 'view.inspector',
    title: 'Toggle inspector',
    group: 'View',
    keys: ['Mod+Shift+I'],
    when: () => useUi.getState().route.id !== null,
    run: () => setUi({ isInspectorOpen: !useUi.getState().isInspectorOpen }),
  },
  {
    id: 'view.sidebar',
    title: 'Toggle session list',
    group: 'View',
    keys: ['Mod+Shift+B'],
    when: always,
    run: () => setUi({ isSidebarOpen: !useUi.getState().isSidebarOpen }),
  },
  inspect('isolation', 'isolation'),
  inspect('processes', 'processes'),
  inspect('network', 'network'),
  inspect('rules', 'rules'),
  {
    id: 'view.light',
    title: 'Light theme',
    group: 'View',
    keys: [],
    when: always,
    run: () => setUi({ theme: 'light' }),
  },
  {
    id: 'view.dark',
    title: 'Dark theme',
    group: 'View',
    keys: [],
    when: always,
    run: () => setUi({ theme: 'dark' }),
  },
  {
    id: 'view.system',
    title: 'Theme as the system',
    group: 'View',
    keys: [],
    when: always,
    run: () => setUi({ theme: 'system' }),
  },
  {
    id: 'doctor.probe',
    title: 'Probe this machine again',
    group: 'View',
    keys: [],
    when: always,
    run: () => void probe(),
  },

  {
    id: 'terminal.focus',
    title: 'Focus the terminal',
    group: 'Terminal',
    keys: ['Mod+Shift+T'],
    when: inTerminal,
    run: () => useActive.getState().terminal?.focus(),
  },
  {
    id: 'terminal.leave',
    title: 'Leave the terminal',
    group: 'Terminal',
    keys: ['Mod+Shift+E'],
    when: inTerminal,
    run: () => useActive.getState().terminal?.leave(),
  },
  {
    id: 'terminal.find',
    title: 'Find in the terminal',
    group: 'Terminal',
    keys: ['Mod+Shift+F'],
    when: inTerminal,
    run: () => useActive.getState().terminal?.openFind(),
  },
  {
    id: 'terminal.copy',
    title: 'Copy the selection',
    group: 'Terminal',
    keys: ['Mod+Shift+C'],
    place: (place) => place === 'terminal',
    when: inTerminal,
    run: () => useActive.getState().terminal?.copy(),
  },
  {
    id: 'terminal.all',
    title: 'Select everything in the terminal',
    group: 'Terminal',
    keys: [],
    when: inTerminal,
    run: () => useActive.getState().terminal?.selectAll(),
  },

  {
    id: 'timeline.in',
    title: 'Zoom in',
    group: 'Timeline',
    keys: ['w'],
    place: onCanvas,
    when: drawing,
    run: () => useActive.getState().timeline?.zoom(0.7),
  },
  {
    id: 'timeline.out',
    title: 'Zoom out',
    group: 'Timeline',
    keys: ['s'],
    place: onCanvas,
    when: drawing,
    run: () => useActive.getState().timeline?.zoom(1 / 0.7),
  },
  {
    id: 'timeline.left',
    title: 'Earlier',
    group: 'Timeline',
    keys: ['a'],
    place: onCanvas,
    when: drawing,
    run: () => useActive.getState().timeline?.pan(-0.2),
  },
  {
    id: 'timeline.right',
    title: 'Later',
    group: 'Timeline',
    keys: ['d'],
    place: onCanvas,
    when: drawing,
    run: () => useActive.getState().timeline?.pan(0.2),
  },
  {
    id: 'timeline.fit',
    title: 'Centre the selection, then show everything',
    group: 'Timeline',
    keys: ['f'],
    place: onCanvas,
    when: drawing,
    run: () => useActive.getState().timeline?.fit(),
  },
  {
    id: 'timeline.next',
    title: 'Next on the track',
    group: 'Timeline',
    keys: ['.'],
    place: onCanvas,
    when: drawing,
    run: () => useActive.getState().timeline?.next(1),
  },
  {
    id: 'timeline.previous',
    title: 'Previous on the track',
    group: 'Timeline',
    keys: [','],
    place: onCanvas,
    when: drawing,
    run: () => useActive.getState().timeline?.next(-1),
  },

  {
    id: 'replay.toggle',
    title: 'Play or pause',
    group: 'Replay',
    keys: [' '],
    place: forReplay,
    when: replaying,
    run: () => useActive.getState().replay?.toggle(),
  },
  {
    id: 'replay.back',
    title: 'Back five seconds',
    group: 'Replay',
    keys: ['ArrowLeft'],
    place: forReplay,
    when: replaying,
    run: () => useActive.getState().replay?.step(-5000),
  },
  {
    id: 'replay.forward',
    title: 'Forward five seconds',
    group: 'Replay',
    keys: ['ArrowRight'],
    place: forReplay,
    when: replaying,
    run: () => useActive.getState().replay?.step(5000),
  },
  {
    id: 'replay.previous',
    title: 'Previous marker',
    group: 'Replay',
    keys: ['['],
    place: outsideText,
    when: replaying,
    run: () => useActive.getState().replay?.marker(-1),
  },
  {
    id: 'replay.next',
    title: 'Next marker',
    group: 'Replay',
    keys: [']'],
    place: outsideText,
    when: replaying,
    run: () => useActive.getState().replay?.marker(1),
  },
  {
    id: 'replay.slower',
    title: 'Slower',
    group: 'Replay',
    keys: ['-'],
    place: outsideText,
    when: replaying,
    run: () => useActive.getState().replay?.faster(-1),
  },
  {
    id: 'replay.faster',
    title: 'Faster',
    group: 'Replay',
    keys: ['+', '='],
    place: outsideText,
    when: replaying,
    run: () => useActive.getState().replay?.faster(1),
  },
  ...Array.from(
    { length: 10 },
    (_, n): Command => ({
      id: `replay.tenth-${n}`,
      title: `Jump to ${n} tenths`,
      group: 'Replay',
      keys: [String(n)],
      place: outsideText,
      when: replaying,
      run: () => useActive.getState().replay?.tenth(n),
    }),
  ),
]

/** Keys that lists handle themselves; named here so that the help knows them. */
export const LIST_KEYS: readonly { readonly title: string; readonly keys: readonly string[] }[] = [
  { title: 'Next row', keys: ['j', 'ArrowDown'] },
  { title: 'Previous row', keys: ['k', 'ArrowUp'] },
  { title: 'Open', keys: ['Enter'] },
  { title: 'First, last row', keys: ['Home', 'End'] },
]

/** null: the key is not ours, and goes where it was meant to. */
export function commandFor(event: KeyboardEvent, place: FocusPlace): Command | null {
  if (place === 'terminal' && !replaying() && !isOurChord(event)) return null
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
