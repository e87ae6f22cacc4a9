import type { ProcessRef, ProcessSignal, ProcFiles } from '../../core/ports.ts'
import { type GuestChannel, KIND, numbered, words } from './guest-channel.ts'

const namesIn = (content: Buffer): string[] => content.toString('utf8').split('\0').slice(0, -1)

/** The /proc of a machine, asked of its first process. */
export function guestProc(channel: Pick<GuestChannel, 'ask' | 'isClosed'>): ProcFiles {
  /** An answer begins with whether there is such a thing. */
  const ask = async (kind: Parameters<GuestChannel['ask']>[0], content: Buffer) => {
    const answer = await channel.ask(kind, content)
    return answer && answer[0] === 1 ? answer.subarray(1) : null
  }
  return {
    read: (path, limit) => ask(KIND.read, numbered(limit, path)),
    link: async (path) => (await ask(KIND.link, words(path)))?.toString('utf8') ?? null,
    list: async (path) => {
      const answer = await channel.ask(KIND.list, words(path))
      // A machine that is frozen or busy has not lost its processes.
      if (answer === null && !channel.isClosed()) throw new Error('the machine does not answer')
      return answer && answer[0] === 1 ? namesIn(answer.subarray(1)) : null
    },
    links: async (path, limit) => {
      const answer = await ask(KIND.links, words(path))
      if (!answer) return null
      const both = namesIn(answer)
      const found = new Map<string, string>()
      for (let i = 0; i + 1 < both.length && found.size < limit; i += 2)
        found.set(both[i] ?? '', both[i + 1] ?? '')
      return found
    },
  }
}

/** As a machine's kernel numbers them, whatever this computer's does. */
const SIGNALS = {
  SIGHUP: 1,
  SIGKILL: 9,
  SIGTERM: 15,
  SIGCONT: 18,
  SIGSTOP: 19,
} as const satisfies Record<ProcessSignal, number>
const RESULTS = ['sent', 'gone', 'refused'] as const

export async function signalInGuest(
  channel: Pick<GuestChannel, 'ask'>,
  { pid, startTicks }: ProcessRef,
  signal: ProcessSignal,
): Promise<(typeof RESULTS)[number]> {
  const content = Buffer.alloc(16)
  content.writeUInt32LE(pid, 0)
  content.writeBigUInt64LE(BigInt(startTicks), 4)
  content.writeUInt32LE(SIGNALS[signal], 12)
  const answer = await channel.ask(KIND.signal, content)
  return RESULTS[answer?.[0] ?? 1] ?? 'gone'
}
