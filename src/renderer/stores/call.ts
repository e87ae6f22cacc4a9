import { reveal } from '../words/reveal.ts'
import { askedIn, inOrder, setMinimised, usePrompts, type Waiting } from './prompts.ts'

/** A script that asks for a thousand hosts calls a person once. */
const PAUSE_MS = 10_000

/** `default`: the person was not asked yet. The desktop shell calls by itself and says `denied`. */
export const callPermission = (): NotificationPermission =>
  'Notification' in window ? Notification.permission : 'denied'

/** Only by a click, as browsers want it. */
export const askToCall = async (): Promise<NotificationPermission> =>
  Notification.requestPermission()

function wantsOf(waiting: Waiting): string {
  if (waiting.kind === 'question') return 'asks whether it may use a tool'
  const { host, port } = waiting.request.destination
  return `wants to connect to ${host}:${port}`
}

/** Calls the person to a prompt while the page is not in front. */
export function callToPrompts(): void {
  let lastMs = -PAUSE_MS
  usePrompts.subscribe((state, before) => {
    const known = new Set(inOrder(before).map((waiting) => askedIn(waiting).id))
    const newest = inOrder(state).findLast((waiting) => !known.has(askedIn(waiting).id))
    if (!newest || before.status === 'loading' || document.hasFocus()) return
    if (callPermission() !== 'granted' || performance.now() - lastMs < PAUSE_MS) return
    lastMs = performance.now()
    const name = askedIn(newest).requester?.process.name ?? 'A program'
    const shown = reveal(name, 60)
      .segments.map(({ text }) => text)
      .join('')
    const call = new Notification('A program asks', {
      body: `“${shown}” ${wantsOf(newest)}. It waits.`,
      tag: 'cloche-prompt',
    })
    call.addEventListener('click', () => {
      window.focus()
      setMinimised(false)
      call.close()
    })
  })
}
