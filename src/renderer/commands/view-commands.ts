import type { FocusPlace } from '../keys.ts'
import { useActive } from '../stores/active.ts'
import { TRACKS } from '../stores/tracks.ts'
import { togglePinned } from '../stores/ui.ts'
import { type Command, outsideText } from './command.ts'

const onCanvas = (place: FocusPlace): boolean => place === 'timeline'
/** Where no list, field or button has a use for the key itself. */
const forReplay = (place: FocusPlace): boolean =>
  place === 'other' || place === 'timeline' || place === 'terminal'

const replaying = (): boolean => useActive.getState().replay !== null
const drawing = (): boolean => useActive.getState().timeline !== null
/** The first that is seen: what is folded has none. */
const filterField = (): HTMLElement | undefined =>
  [...document.querySelectorAll<HTMLElement>('[data-list-filter]')].find((field) =>
    field.checkVisibility(),
  )
const inTerminal = (): boolean => useActive.getState().terminal !== null

export const VIEW_COMMANDS: readonly Command[] = [
  {
    id: 'list.filter',
    title: 'Filter what is listed',
    group: 'View',
    keys: ['/'],
    place: outsideText,
    when: () => filterField() !== undefined,
    run: () => filterField()?.focus(),
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
  ...TRACKS.map(
    (track): Command => ({
      id: `timeline.pin-${track}`,
      title: `Pin or unpin the ${track} track`,
      group: 'Timeline',
      keys: [],
      when: drawing,
      run: () => togglePinned(track),
    }),
  ),

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
