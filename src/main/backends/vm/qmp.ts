import { createInterface } from 'node:readline'
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
  createInterface({ input: socket }).on('line', (line) => {
    const said = Answer.safeParse(parsed(line))
    if (said.success) waiting.shift()?.(said.data)
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
