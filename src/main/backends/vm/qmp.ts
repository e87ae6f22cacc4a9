import type { Socket } from 'node:net'
import { z } from 'zod'

/** What QEMU is told while a machine runs. */
export interface MachineMonitor {
  /** Whether it obeyed. */
  command(name: 'stop' | 'cont'): Promise<boolean>
}

const Answer = z.union([
  z.object({ return: z.unknown() }).transform(() => true),
  z.object({ error: z.unknown() }).transform(() => false),
])
const ANSWER_MS = 5000
const MOST_LINE = 64 * 1024

/** QEMU's own protocol (QMP): a line each, answered in order; events stand between. */
export function machineMonitor(socket: Socket): MachineMonitor {
  const waiting: ((isDone: boolean) => void)[] = []
  const finish = (): void => {
    for (const settle of waiting.splice(0)) settle(false)
  }
  const say = (execute: string): Promise<boolean> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ANSWER_MS)
      waiting.push((isDone) => {
        clearTimeout(timer)
        resolve(isDone)
      })
      socket.write(`${JSON.stringify({ execute })}\n`)
    })
  socket.on('close', finish)
  let rest = ''
  socket.setEncoding('utf8').on('data', (part) => {
    const lines = `${rest}${String(part)}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const said = Answer.safeParse(parsed(line))
      if (said.success) waiting.shift()?.(said.data)
    }
    // QEMU is not trusted either: a line without an end is none of its words.
    if (rest.length > MOST_LINE) socket.destroy()
  })
  const ready = say('qmp_capabilities')
  return { command: async (name) => (await ready) && say(name) }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
