import { create } from 'zustand'
import type { SessionId, TerminalId } from '../../shared/domain/ids.ts'
import type { ControlRequest } from '../../shared/domain/process-details.ts'
import type { SpecChanges } from '../../shared/domain/spec-changes.ts'
import type { Track } from './tracks.ts'

export type Page =
  | 'sessions'
  | 'prompts'
  | 'recordings'
  | 'containers'
  | 'rules'
  | 'audit'
  | 'doctor'
export const PAGES: readonly Page[] = [
  'sessions',
  'prompts',
  'recordings',
  'containers',
  'rules',
  'audit',
  'doctor',
]

export interface Route {
  readonly page: Page
  /** The session shown: live under `sessions`, replayed under `recordings`. */
  readonly id: SessionId | null
}

export type Overlay =
  | 'palette'
  | 'go-to-session'
  | 'keys'
  | 'new-session'
  | 'policy'
  | 'import-settings'
  | 'export-profile'
  | null
export type InspectorTab = 'isolation' | 'processes' | 'files' | 'network' | 'rules'
export type Theme = 'system' | 'light' | 'dark'
export type Density = 'default' | 'compact'

interface UiState {
  readonly route: Route
  /** Where the rail's first item leads back to. */
  readonly lastSessionId: SessionId | null
  readonly overlay: Overlay
  /** Whose recording is about to leave this machine. */
  readonly exporting: SessionId | null
  /** Path of the file whose changes are shown. */
  readonly file: string | null
  /** Moment at which the next recording that is opened begins to play; ms. */
  readonly startAtMs: number | null
  readonly inspectorTab: InspectorTab
  /** Of a session with a copy: what is to become of the folder; what happened; all that is there. */
  readonly filesPart: 'review' | 'changes' | 'all'
  readonly isInspectorOpen: boolean
  readonly isSidebarOpen: boolean
  readonly isDrawerOpen: boolean
  readonly drawerHeight: number
  readonly inspectorWidth: number
  /** They stand first in the timeline, and taller. */
  readonly pinnedTracks: readonly Track[]
  readonly theme: Theme
  readonly density: Density
  /** What waits for the person's yes. */
  readonly confirm: Confirmation | null
}

export type Confirmation =
  | {
      readonly kind:
        | 'stop'
        | 'remove'
        | 'remove-review'
        | 'discard-review'
        | 'open-network'
        | 'limits'
      readonly id: SessionId
    }
  /** A restart that opens something. */
  | { readonly kind: 'change'; readonly id: SessionId; readonly changes: SpecChanges }
  | { readonly kind: 'stop-all' }
  | {
      readonly kind: 'close-terminal'
      readonly id: SessionId
      readonly terminal: TerminalId
      /** Of what runs in it, in the programs' own words. */
      readonly names: readonly string[]
    }
  | {
      readonly kind: 'control'
      readonly request: ControlRequest
      /** The process meant, in the program's own words. */
      readonly name: string
      readonly count: number
    }

const KEPT = [
  'theme',
  'density',
  'isInspectorOpen',
  'isDrawerOpen',
  'drawerHeight',
  'inspectorWidth',
  'pinnedTracks',
] as const
const STORAGE_KEY = 'cloche.ui'

export const useUi = create<UiState>(() => ({
  route: readRoute(),
  lastSessionId: null,
  overlay: null,
  exporting: null,
  file: null,
  startAtMs: null,
  inspectorTab: 'isolation',
  filesPart: 'review',
  isInspectorOpen: true,
  isSidebarOpen: true,
  isDrawerOpen: true,
  drawerHeight: 208,
  inspectorWidth: 360,
  pinnedTracks: [],
  theme: 'system',
  density: 'default',
  confirm: null,
}))

export const setUi = (patch: Partial<UiState>): void => useUi.setState(patch)

export const togglePinned = (track: Track): void => {
  const { pinnedTracks } = useUi.getState()
  setUi({
    pinnedTracks: pinnedTracks.includes(track)
      ? pinnedTracks.filter((item) => item !== track)
      : [...pinnedTracks, track],
  })
}

export function goTo(page: Page, id: SessionId | null = null): void {
  setUi({
    route: { page, id },
    overlay: null,
    file: null,
    ...(page === 'sessions' ? { lastSessionId: id } : {}),
  })
}

/** Keeps layout and theme in this browser, and the route in the address. */
export function keepUi(): void {
  useUi.setState(readKept())
  applyAppearance()
  useUi.subscribe((state, before) => {
    applyAppearance()
    if (state.route !== before.route) writeRoute(state.route)
    if (KEPT.some((key) => state[key] !== before[key]))
      localStorage.setItem(
        STORAGE_KEY,
        JSON.stringify(Object.fromEntries(KEPT.map((key) => [key, state[key]]))),
      )
  })
  window.addEventListener('hashchange', () => {
    const route = readRoute()
    const shown = useUi.getState().route
    if (route.page !== shown.page || route.id !== shown.id) setUi({ route })
  })
}

function applyAppearance(): void {
  const { theme, density } = useUi.getState()
  const { dataset } = document.documentElement
  if (theme === 'system') delete dataset['theme']
  else dataset['theme'] = theme
  dataset['density'] = density
}

/** What is kept is ours but editable by hand: a value of the wrong kind is passed over. */
function readKept(): Partial<UiState> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '{}')
    if (typeof kept !== 'object' || kept === null) return {}
    const current = useUi.getState()
    return Object.fromEntries(
      Object.entries(kept).filter(([key, value]) => {
        const name = KEPT.find((each) => each === key)
        if (name === undefined) return false
        const now = current[name]
        return typeof value === typeof now && Array.isArray(value) === Array.isArray(now)
      }),
    )
  } catch {
    return {}
  }
}

function readRoute(): Route {
  const [page, id] = window.location.hash.replace(/^#\/?/, '').split('/')
  return {
    page: PAGES.find((item) => item === page) ?? 'sessions',
    id: id && /^ses_[0-9a-f]{8,32}$/.test(id) ? (id as SessionId) : null,
  }
}

function writeRoute({ page, id }: Route): void {
  const hash = `#/${page}${id ? `/${id}` : ''}`
  if (window.location.hash !== hash) window.location.hash = hash
}
