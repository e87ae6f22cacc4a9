import type { SecretBox } from '../core/ports.ts'
import type { FromHost } from './host-messages.ts'

export interface ParentBox extends SecretBox {
  answered(id: number, text: string | null): void
}

const ANSWER_MS = 10_000

/** The keyring belongs to Electron's main process; a utility process asks it. */
export function createParentBox(keyring: string, ask: (message: FromHost) => void): ParentBox {
  const waiting = new Map<number, (text: string | null) => void>()
  let nextId = 1
  const request = (make: (id: number) => FromHost): Promise<string | null> =>
    new Promise((resolve) => {
      const id = nextId++
      const settle = (text: string | null): void => {
        waiting.delete(id)
        resolve(text)
      }
      waiting.set(id, settle)
      // A person may have to unlock it first; a host that waits for ever would not start.
      setTimeout(() => settle(null), ANSWER_MS).unref()
      ask(make(id))
    })
  return {
    place: 'keyring',
    detail: `Encrypted on disk with ${keyring}.`,
    seal: (text) => request((id) => ({ t: 'seal', id, text })),
    open: (sealed) => request((id) => ({ t: 'unseal', id, sealed })),
    answered: (id, text) => waiting.get(id)?.(text),
  }
}
