import { create } from 'zustand'
import type { Replay } from './replay.ts'
import type { ViewStore } from './view.ts'

export interface TerminalControls {
  focus(): void
  leave(): void
  openFind(): void
  copy(): void
  selectAll(): void
  clear(): void
}

export interface TimelineControls {
  zoom(factor: number): void
  pan(share: number): void
  fit(): void
  next(direction: 1 | -1): void
}

interface Active {
  readonly view: ViewStore | null
  readonly replay: Replay | null
  readonly terminal: TerminalControls | null
  readonly timeline: TimelineControls | null
}

/** What the commands act on: whatever the window shows now registers itself here. */
export const useActive = create<Active>(() => ({
  view: null,
  replay: null,
  terminal: null,
  timeline: null,
}))

/** Returns the undoing of it, for an effect's cleanup. */
export function activate<K extends keyof Active>(key: K, value: Active[K]): () => void {
  useActive.setState({ [key]: value })
  return () => {
    if (useActive.getState()[key] === value) useActive.setState({ [key]: null })
  }
}
