import { z } from 'zod'
import type { ImageProgress } from '../../core/engine-port.ts'
import { engineLines } from './engine-lines.ts'

const Message = z.object({
  /** Of a build: text, in pieces of any length. */
  stream: z.string().optional(),
  /** Of a pull, a load or an import: what happens, to which layer. */
  status: z.string().optional(),
  id: z.string().optional(),
  progressDetail: z
    .object({ current: z.number().optional(), total: z.number().optional() })
    .optional(),
  error: z.string().optional(),
})
type Message = z.infer<typeof Message>

/** Half of a layer's way is to have it, half to unpack it. */
const SHARES: Readonly<Record<string, readonly [from: number, to: number]>> = {
  Downloading: [0, 0.5],
  'Verifying Checksum': [0.5, 0.5],
  'Download complete': [0.5, 0.5],
  Extracting: [0.5, 1],
  'Pull complete': [1, 1],
  'Already exists': [1, 1],
}

/** Reads an engine's messages to their end. Rejects with the words of the first that is an error. */
export async function followEngine(
  messages: NodeJS.ReadableStream,
  told: (progress: ImageProgress) => void,
): Promise<void> {
  const read = createReader(told)
  for await (const line of engineLines(messages)) {
    const message = parse(line)
    if (message?.error !== undefined) throw new Error(message.error.trim())
    if (message) read(message)
  }
}

function parse(line: string): Message | null {
  try {
    return Message.safeParse(JSON.parse(line)).data ?? null
  } catch {
    return null
  }
}

function createReader(told: (progress: ImageProgress) => void): (message: Message) => void {
  const layers = new Map<string, { status: string; share: number }>()
  let rest = ''
  return ({ stream, status, id, progressDetail }) => {
    if (stream !== undefined) {
      const lines = (rest + stream).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line.trim() !== '') told({ line })
    }
    if (status === undefined) return
    const span = id === undefined ? undefined : SHARES[status]
    if (id !== undefined && span) {
      const { current = 0, total = 0 } = progressDetail ?? {}
      const share = span[0] + (span[1] - span[0]) * (total > 0 ? Math.min(1, current / total) : 0)
      const isNews = layers.get(id)?.status !== status
      layers.set(id, { status, share })
      const sum = [...layers.values()].reduce((all, layer) => all + layer.share, 0)
      told({ percent: (100 * sum) / layers.size, ...(isNews ? { line: `${id}: ${status}` } : {}) })
      return
    }
    // "Pulling fs layer" announces a layer: it counts from then on.
    if (id !== undefined && status === 'Pulling fs layer') layers.set(id, { status, share: 0 })
    if (!progressDetail?.total) told({ line: id === undefined ? status : `${id}: ${status}` })
  }
}
