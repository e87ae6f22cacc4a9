import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { z } from 'zod'
import { err, ok, type Result } from '../../../shared/result.ts'
import { startHelper } from '../spawn.ts'
import type { SandboxHelpers } from '../take-network.ts'

/** Opens connections to ports of one sandbox. Its helper runs from the first use to `close`. */
export interface Connector {
  /** The caller owns the stream. */
  connect(port: number): Promise<Result<Duplex, string>>
  close(): void
}

const Answer = z.object({ id: z.number(), error: z.string().optional() })

/** `pid`: any process of the sandbox that lives as long as it. */
export function createConnector(pid: number, helpers: SandboxHelpers): Connector {
  const waiting = new Map<number, (result: Result<Duplex, string>) => void>()
  let helper: ReturnType<typeof startHelper> | null = null
  let lastId = 0

  const failAll = (reason: string): void => {
    for (const settle of waiting.values()) settle(err(reason))
    waiting.clear()
  }
  const start = (): NonNullable<typeof helper> => {
    const target = ['-t', String(pid), '-U', '-n', '--preserve-credentials', '--']
    const { nodePath, nodeEnv, connectorScript } = helpers
    const started = startHelper('nsenter', [...target, nodePath, connectorScript], nodeEnv)
    started.on('message', (message, handle) => {
      const answer = Answer.safeParse(message)
      const settle = answer.success ? waiting.get(answer.data.id) : undefined
      if (answer.success) waiting.delete(answer.data.id)
      if (handle instanceof Socket && settle) settle(ok(handle))
      else if (handle instanceof Socket) handle.destroy()
      else settle?.(err(answer.data?.error ?? 'it sent no connection'))
    })
    const ended = (): void => {
      if (helper === started) helper = null
      failAll('the sandbox is gone, or its network cannot be entered')
    }
    started.on('error', ended)
    started.on('exit', ended)
    return started
  }

  return {
    connect: (port) =>
      new Promise((resolve) => {
        helper ??= start()
        const id = ++lastId
        waiting.set(id, resolve)
        helper.send({ id, port })
      }),
    close: () => {
      helper?.kill('SIGKILL')
      helper = null
      failAll('the session ended')
    },
  }
}
