import type { Socket } from 'node:net'
import type { DirectNetwork } from '../core/ports.ts'

/** An address of nobody's network (documentation) that the probe connects to. Also in the script. */
export const CANARY_ADDRESS = '192.0.2.1'

/** Sees the probe's own direct connections arrive, and ends them before anybody decides on them. */
export interface NetworkCanary {
  readonly arrived: number
}

const HEADER = 12
const RESPONSE = 0x80
const RECURSION_AND_NAME_ERROR = 0x83

/** Until the gateway answers itself, there is no such name: the probe asks for one. */
export function watchNetwork({ listeners, resolver }: DirectNetwork): NetworkCanary {
  let arrived = 0
  const accept = (socket: Socket): void => {
    if (socket.localAddress?.replace(/^::ffff:/, '') !== CANARY_ADDRESS) return
    arrived++
    socket.destroy()
  }
  for (const listener of listeners) listener.on('connection', accept)
  resolver.answerWith((question) => {
    if (question.length < HEADER) return null
    const answer = Uint8Array.from(question)
    answer[2] = (answer[2] ?? 0) | RESPONSE
    answer[3] = RECURSION_AND_NAME_ERROR
    return answer
  })
  return {
    get arrived() {
      return arrived
    },
  }
}
