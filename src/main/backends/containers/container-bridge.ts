// Joins a terminal of this machine to one in a container: the PTY host starts it in the place of the
// program. Entry of its own, never imported, without packages: it stands between a click and a prompt.
//
//   container-bridge SOCKET container ID JOINED  its first program; makes the file JOINED when it has
//                                                joined them
//   container-bridge SOCKET exec ID              a further one, made ready before, which it starts
import { writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

const [socketPath = '', kind = '', id = '', joined = ''] = process.argv.slice(2)
const isFurther = kind === 'exec'
const place = `/${isFurther ? 'exec' : 'containers'}/${id}`

class EngineError extends Error {}
/** Podman joins only what runs, which the host starts at the same time. */
class NotRunning extends EngineError {}
const CONFLICT = 409

function call(method: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path: `${place}${path}` }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      answer.on('error', reject)
      answer.on('end', () => {
        const status = answer.statusCode ?? 0
        const said: unknown = text.startsWith('{') ? JSON.parse(text) : null
        if (status < 300) resolve(said)
        else reject(new EngineError(textOf(said, 'message') ?? `the engine answers ${status}`))
      })
    })
    asked.on('error', reject)
    asked.end()
  })
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && name in value
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined

function textOf(value: unknown, name: string): string | null {
  const found = field(value, name)
  return typeof found === 'string' ? found : null
}

/** The container's own terminal, or that of the program it starts, both ways. */
function attach(): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const how = isFurther ? '/start' : '/attach?stream=1&stdin=1&stdout=1&stderr=1'
    const body = isFurther ? JSON.stringify({ Detach: false, Tty: true }) : ''
    const headers = {
      ...{ Connection: 'Upgrade', Upgrade: 'tcp', 'Content-Length': Buffer.byteLength(body) },
      ...(isFurther ? { 'Content-Type': 'application/json' } : {}),
    }
    const asked = request({ socketPath, method: 'POST', path: `${place}${how}`, headers })
    asked.on('upgrade', (_answer: IncomingMessage, stream: Duplex, head: Buffer) => {
      if (head.length > 0) process.stdout.write(head)
      resolve(stream)
    })
    asked.on('response', ({ statusCode }) => {
      const words = `the engine answers ${statusCode} instead of a terminal`
      reject(statusCode === CONFLICT ? new NotRunning(words) : new EngineError(words))
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

function resize(): void {
  const { columns, rows } = process.stdout
  // Before the start and after the end there is nothing to resize.
  if (columns && rows) call('POST', `/resize?w=${columns}&h=${rows}`).catch(() => undefined)
}

/** Resolves when the stream has ended, for whatever reason. */
function join(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const toContainer = (bytes: Buffer): void => void stream.write(bytes)
    process.stdin.on('data', toContainer)
    stream.pipe(process.stdout, { end: false })
    stream.on('error', () => stream.destroy())
    stream.on('close', () => {
      process.stdin.off('data', toContainer)
      resolve()
    })
  })
}

/** Its exit code; null: it runs, and the terminal was lost. Rejects while the engine is away. */
async function exitCode(): Promise<number | null> {
  const said = await call('GET', '/json')
  const state = isFurther ? said : field(said, 'State')
  if (field(state, 'Running') === true) return null
  const code = field(state, 'ExitCode')
  return typeof code === 'number' ? code : 1
}

/** `isPassing`: what may go by itself. */
async function retry<T>(
  ask: () => Promise<T>,
  isPassing: (cause: unknown) => boolean,
  { everyMs, forMs }: { readonly everyMs: number; readonly forMs: number },
): Promise<T> {
  const end = performance.now() + forMs
  for (;;) {
    try {
      return await ask()
    } catch (cause) {
      if (!isPassing(cause) || performance.now() > end) throw cause
      await sleep(everyMs)
    }
  }
}

/** An engine that is restarted is waited for. */
const untilAnswer = <T>(ask: () => Promise<T>): Promise<T> =>
  retry(ask, (cause) => !(cause instanceof EngineError), { everyMs: 500, forMs: 60_000 })

const untilRunning = <T>(ask: () => Promise<T>): Promise<T> =>
  retry(ask, (cause) => cause instanceof NotRunning, { everyMs: 20, forMs: 30_000 })

async function main(): Promise<number> {
  let stream = await untilRunning(attach)
  if (joined !== '') writeFileSync(joined, '')
  process.stdout.on('resize', resize)
  resize()
  for (;;) {
    await join(stream)
    const code = await untilAnswer(exitCode)
    if (code !== null) return code
    // Nothing leads to a further program a second time; it is ended with its terminal.
    if (isFurther) throw new EngineError('its terminal was lost')
    stream = await untilAnswer(attach)
    resize()
  }
}

main().then(
  (code) => process.exit(code),
  (cause: unknown) => {
    process.stderr.write(
      `The container engine: ${cause instanceof Error ? cause.message : String(cause)}\r\n`,
    )
    process.exit(125)
  },
)
