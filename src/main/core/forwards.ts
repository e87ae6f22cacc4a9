import type { SessionId } from '../../shared/domain/ids.ts'
import type { InsidePort } from '../../shared/domain/forward.ts'
import type { Fact } from '../../shared/domain/timeline.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import type { Forward, Sandbox } from './ports.ts'

type Opened = Result<
  { readonly localPort: number },
  { readonly type: 'not_forwarded'; readonly detail: string }
>

/** Ports of a session's programs that the person reaches from this machine; each by an own act. */
export interface Forwards {
  list(id: SessionId, sandbox: Sandbox): Promise<InsidePort[]>
  open(id: SessionId, sandbox: Sandbox, port: number): Promise<Opened>
  close(id: SessionId, port: number): void
  closeAll(id: SessionId): void
}

export function createForwards(report: (id: SessionId, fact: Fact) => void): Forwards {
  const bySession = new Map<SessionId, Map<number, Forward>>()
  const of = (id: SessionId): Map<number, Forward> => bySession.get(id) ?? new Map()

  const close: Forwards['close'] = (id, port) => {
    const forward = of(id).get(port)
    if (!forward) return
    of(id).delete(port)
    forward.close()
    report(id, { type: 'port/closed', port })
  }

  return {
    list: async (id, sandbox) => {
      const open = of(id)
      const ports = new Set([...(await sandbox.listening()), ...open.keys()])
      return [...ports]
        .sort((a, b) => a - b)
        .map((port) => ({ port, localPort: open.get(port)?.localPort ?? null }))
    },
    open: async (id, sandbox, port) => {
      const known = of(id).get(port)
      if (known) return ok({ localPort: known.localPort })
      const forward = await sandbox.forward(port)
      if (!forward.ok) return err({ type: 'not_forwarded', detail: forward.error })
      bySession.set(id, of(id).set(port, forward.value))
      const { localPort } = forward.value
      report(id, { type: 'port/opened', port, localPort })
      return ok({ localPort })
    },
    close,
    closeAll: (id) => {
      for (const port of [...of(id).keys()]) close(id, port)
      bySession.delete(id)
    },
  }
}
