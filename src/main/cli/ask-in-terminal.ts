import { NARROW_ANSWER, type PermissionRequest } from '../../shared/domain/policy.ts'
import type { Connection } from '../../shared/rpc/client.ts'
import { plain } from './print.ts'

const KEYS = {
  o: { action: 'allow', lifetime: 'once' },
  s: { action: 'allow', lifetime: 'session' },
  w: { action: 'allow', lifetime: 'workspace' },
  d: { action: 'deny', lifetime: 'once' },
  n: { action: 'deny', lifetime: 'session' },
} as const

/** Keys pressed while the question appeared were meant for the program. */
const DEAF_MS = 400

/** Shows one prompt over the screen; `done` is called when it was answered, here or elsewhere. */
export function askInTerminal(
  connection: Connection,
  { id, destination, requester, request }: PermissionRequest,
  screen: Pick<NodeJS.WriteStream, 'write'>,
  done: () => void,
): { readonly key: (text: string) => void } {
  const shownAtMs = performance.now()
  const who = requester
    ? plain(requester.process.argv.join(' ') || requester.process.name)
    : 'A program'
  const what = request ? `${plain(request.method)} ${plain(request.path)} at ` : ''
  screen.write(
    [
      '\x1b[0m\r\n\x1b[7m Cloche asks \x1b[0m',
      `${who.slice(0, 200)}`,
      `wants to reach ${what}\x1b[1m${plain(destination.host)}:${destination.port}\x1b[0m. It waits.`,
      '',
      '  o  allow once        s  allow for this session   w  allow in this folder',
      '  d  deny once         n  deny for this session',
      '',
    ].join('\r\n'),
  )
  let isOver = false
  const finish = (): void => {
    if (isOver) return
    isOver = true
    stop()
    done()
  }
  const stop = connection.api.prompt.list(null, (frame) => {
    if (frame.type === 'delta' && frame.change.type === 'settled' && frame.change.id === id)
      finish()
    if (frame.type === 'snapshot' && !frame.state.some((each) => each.id === id))
      queueMicrotask(finish)
  })
  return {
    key: (text) => {
      if (performance.now() - shownAtMs < DEAF_MS) return
      const answer = Object.entries(KEYS).find(([key]) => key === text.toLowerCase())?.[1]
      if (answer) void connection.api.prompt.answer({ promptId: id, ...answer, ...NARROW_ANSWER })
    },
  }
}
