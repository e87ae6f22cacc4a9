import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type Docker from 'dockerode'
import { FILTER, INIT } from './container-spec.ts'

const MOST_SAID = 2000
const HEAD_BYTES = 8
/** As the engine numbers them. */
const OUTPUT = 1
const CODE_MS = 5000
const AGAIN_MS = 20

/** A program in a container, as its own are and under the same filter. */
export interface InsideProgram {
  /** Its standard input; to be ended. */
  readonly input: Duplex
  /** What it writes, as fast as that is read. Rejects when `signal` aborts. */
  output(): AsyncGenerator<Buffer>
  /** Once its output has ended: its code, and the beginning of what it said of errors. */
  ended(): Promise<{ readonly code: number | null; readonly said: string }>
}

/** A container that runs, and whom its own programs run as, as the engine writes it. */
export interface Inside {
  readonly container: Docker.Container
  readonly user: string
}

/** Rejects with the engine's words. */
export async function startInside(
  { container, user }: Inside,
  words: readonly string[],
  signal: AbortSignal,
): Promise<InsideProgram> {
  const exec = await container.exec({
    ...{ Cmd: [INIT, 'run', FILTER, '--', ...words], User: user },
    ...{ AttachStdin: true, AttachStdout: true, AttachStderr: true },
  })
  const stream = await exec.start({ hijack: true, stdin: true })
  const abort = (): void => void stream.destroy(new Error('it was given up'))
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  stream.on('error', () => undefined).on('close', () => signal.removeEventListener('abort', abort))
  let said = ''
  async function* output(): AsyncGenerator<Buffer> {
    for await (const { kind, bytes } of framesOf(stream)) {
      if (kind === OUTPUT) yield bytes
      else if (said.length < MOST_SAID) said += bytes.toString('utf8')
    }
  }
  return {
    input: stream,
    output,
    ended: async () => {
      const end = performance.now() + CODE_MS
      for (;;) {
        const { Running, ExitCode } = await exec.inspect()
        if (!Running || performance.now() > end)
          return { code: Running ? null : ExitCode, said: said.trim().slice(0, MOST_SAID) }
        await sleep(AGAIN_MS)
      }
    },
  }
}

/**
 * The engine's own framing of two streams in one, without reading ahead of who takes them: the client's
 * writes on, whether anybody can keep up or not.
 */
export async function* framesOf(
  stream: AsyncIterable<Buffer>,
): AsyncGenerator<{ readonly kind: number; readonly bytes: Buffer }> {
  let head = Buffer.alloc(0)
  let kind = 0
  let left = 0
  for await (const chunk of stream) {
    let part = chunk
    while (part.length > 0) {
      if (left > 0) {
        const bytes = part.subarray(0, left)
        part = part.subarray(bytes.length)
        left -= bytes.length
        yield { kind, bytes }
        continue
      }
      const more = part.subarray(0, HEAD_BYTES - head.length)
      part = part.subarray(more.length)
      head = Buffer.concat([head, more])
      if (head.length < HEAD_BYTES) break
      kind = head.readUInt8(0)
      left = head.readUInt32BE(4)
      head = Buffer.alloc(0)
    }
  }
}
