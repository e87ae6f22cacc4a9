import { join } from 'node:path'
import {
  MessageChannelMain,
  type MessagePortMain,
  type UtilityProcess,
  utilityProcess,
} from 'electron'
import type { FromHost, ToHost } from './host-messages.ts'
import { keyringName, seal, unseal } from './keyring.ts'

export interface HostProcess {
  /** Hands a window's port straight to the host; nothing is relayed here. */
  handOver(port: MessagePortMain): void
  /** Sessions that run now; null when the host does not answer in time. */
  countLive(): Promise<number | null>
  /** Ends every session, then the host. */
  stop(): Promise<void>
}

export interface HostProcessOptions {
  readonly entries: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly onFailed: (sentence: string) => void
  /** It ended although nobody asked it to. */
  readonly onLost: () => void
  readonly onPrompt: (name: string, wants: string) => void
}

const ANSWER_MS = 3000
const STOP_MS = 15_000

/** Forks the host, and the PTY host for it, as utility processes. */
export function startHostProcess(options: HostProcessOptions): HostProcess {
  const children = new Map<number, UtilityProcess>()
  const counts = new Map<number, (count: number) => void>()
  let nextId = 1
  let isStopping = false
  let onStopped: () => void = () => undefined

  const fork = (entry: string, name: string, env: HostProcessOptions['env'] = {}): UtilityProcess =>
    utilityProcess.fork(join(options.entries, `${entry}.mjs`), [], {
      serviceName: name,
      stdio: 'inherit',
      env: cleanEnv({ ...options.env, ...env }),
    })
  const host = fork('host', 'Cloche host', { CLOCHE_KEYRING: keyringName() ?? undefined })
  const tell = (message: ToHost, ports: MessagePortMain[] = []): void =>
    host.postMessage(message, ports)

  const startChild = (id: number, entry: 'pty-host'): void => {
    const child = fork(entry, 'Cloche PTY host')
    const { port1, port2 } = new MessageChannelMain()
    children.set(id, child)
    child.once('exit', () => {
      children.delete(id)
      if (host.pid !== undefined) tell({ t: 'exited', id })
    })
    child.postMessage({ t: 'port' }, [port1])
    tell({ t: 'started', id }, [port2])
  }

  host.on('message', (message: FromHost) => {
    if (message.t === 'start') startChild(message.id, message.entry)
    else if (message.t === 'kill') endChild(children.get(message.id))
    else if (message.t === 'seal') tell({ t: 'keyring', id: message.id, text: seal(message.text) })
    else if (message.t === 'unseal')
      tell({ t: 'keyring', id: message.id, text: unseal(message.sealed) })
    else if (message.t === 'prompt') options.onPrompt(message.name, message.wants)
    else if (message.t === 'failed') {
      isStopping = true
      options.onFailed(message.sentence)
    } else if (message.t === 'live') counts.get(message.id)?.(message.count)
    else if (message.t === 'stopped') onStopped()
  })
  host.once('exit', () => {
    for (const child of children.values()) endChild(child)
    onStopped()
    if (!isStopping) options.onLost()
  })

  return {
    handOver: (port) => tell({ t: 'viewer' }, [port]),
    countLive: () =>
      new Promise((resolve) => {
        const id = nextId++
        const settle = (count: number | null): void => {
          counts.delete(id)
          resolve(count)
        }
        counts.set(id, settle)
        setTimeout(() => settle(null), ANSWER_MS)
        tell({ t: 'count-live', id })
      }),
    stop: () => {
      isStopping = true
      return new Promise((resolve) => {
        onStopped = resolve
        setTimeout(resolve, STOP_MS)
        tell({ t: 'stop' })
      })
    },
  }
}

/** By pid: `UtilityProcess.kill` can block the main process. */
function endChild(child: UtilityProcess | undefined): void {
  if (child?.pid === undefined) return
  try {
    process.kill(child.pid, 'SIGKILL')
  } catch {
    // It ended in the meantime.
  }
}

function cleanEnv(env: HostProcessOptions['env']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && entry[0] !== 'NODE_OPTIONS' && !entry[0].startsWith('ELECTRON_'),
    ),
  )
}
