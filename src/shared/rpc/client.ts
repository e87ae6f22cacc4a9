import { type Api, api } from '../contract/api.ts'
import type { ClientOf, Contract, Frame, Unsubscribe } from '../contract/define.ts'
import type { SessionId, TerminalId } from '../domain/ids.ts'
import {
  BYTES,
  type ClientFrame,
  decodeBytes,
  encodeBytes,
  Fault,
  HostFrame,
  LIMITS,
  PROTOCOL_VERSION,
} from './frames.ts'
import type { TerminalSize, TerminalViewer } from '../terminal-viewer.ts'
import type { Transport } from './transport.ts'

export interface RemoteTerminalViewer extends TerminalViewer {
  /** The host ended the stream; nothing more comes. */
  closed(message: string): void
}

export interface RemoteTerminal {
  write(bytes: Uint8Array): void
  drawn(offset: number): void
  resize(size: TerminalSize): void
  close(): void
}

/** One authenticated connection. After it closed every call fails with the fault `disconnected`. */
export interface Connection {
  readonly api: ClientOf<Api>
  /** Version of the host. */
  readonly version: string
  openTerminal(
    sessionId: SessionId,
    size: TerminalSize,
    viewer: RemoteTerminalViewer,
    /** A further one of the session, instead of the agent's. */
    terminal?: TerminalId | null,
  ): RemoteTerminal
  /** Bytes of the log of a recording's terminal from `offset`; empty at its end. */
  readRecording(
    sessionId: SessionId,
    offset: number,
    terminal?: TerminalId | null,
  ): Promise<Uint8Array>
  onClose(closed: () => void): void
  close(): void
}

interface Waiting<T> {
  resolve(value: T): void
  reject(fault: Fault): void
}

/** Says hello and resolves when the host answers. Throws Fault `incompatible` or `disconnected`. */
export function connect(
  transport: Transport,
  options: { readonly clientId: string },
): Promise<Connection> {
  const calls = new Map<string, Waiting<unknown>>()
  const subscriptions = new Map<number, (frame: Frame<unknown, unknown>) => void>()
  const terminals = new Map<number, { viewer: RemoteTerminalViewer; size: TerminalSize }>()
  const reads = new Map<number, Waiting<Uint8Array>>()
  let isOpen = true
  let nextId = 1
  let onClosed: (() => void) | null = null

  const send = (frame: ClientFrame): void => {
    if (isOpen) transport.send(JSON.stringify(frame))
  }

  const call: Call = (endpoint, input, { signal, mayTakeMs }) => {
    const id = `c${nextId++}`
    return new Promise((resolve, reject) => {
      if (!isOpen) return reject(new Fault('disconnected', 'the host is not connected'))
      const settle = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
        calls.delete(id)
      }
      const giveUp = (fault: Fault) => {
        settle()
        send({ t: 'cancel', id })
        reject(fault)
      }
      const abort = () => giveUp(new Fault('cancelled', `${endpoint} was cancelled`))
      const timer = setTimeout(
        () => giveUp(new Fault('timeout', `${endpoint} did not answer in time`)),
        mayTakeMs ?? LIMITS.callTimeoutMs,
      )
      signal?.addEventListener('abort', abort, { once: true })
      calls.set(id, {
        resolve: (value) => {
          settle()
          resolve(value)
        },
        reject: (fault) => {
          settle()
          reject(fault)
        },
      })
      send({ t: 'call', id, endpoint, input })
    })
  }

  const subscribe = (
    endpoint: string,
    key: unknown,
    onFrame: (frame: Frame<unknown, unknown>) => void,
  ): Unsubscribe => {
    const stream = nextId++
    subscriptions.set(stream, onFrame)
    send({ t: 'subscribe', stream, endpoint, key })
    return () => {
      if (subscriptions.delete(stream)) send({ t: 'unsubscribe', stream })
    }
  }

  const receive = (frame: HostFrame): void => {
    switch (frame.t) {
      case 'welcome':
        return
      case 'answer':
        return calls.get(frame.id)?.resolve(frame.output)
      case 'fault':
        return calls.get(frame.id)?.reject(new Fault(frame.code, frame.message))
      case 'snapshot':
        return subscriptions.get(frame.stream)?.({
          type: 'snapshot',
          seq: frame.seq,
          state: frame.state,
        })
      case 'delta':
        return subscriptions.get(frame.stream)?.({
          type: 'delta',
          seq: frame.seq,
          change: frame.change,
        })
      case 'closed':
        subscriptions.delete(frame.stream)
        terminals.get(frame.stream)?.viewer.closed(frame.message)
        terminals.delete(frame.stream)
        reads.get(frame.stream)?.reject(new Fault(frame.code, frame.message))
        reads.delete(frame.stream)
        return
      case 'terminal/size': {
        const terminal = terminals.get(frame.stream)
        if (!terminal) return
        terminal.size = { cols: frame.cols, rows: frame.rows }
        return terminal.viewer.resized(terminal.size)
      }
    }
  }

  const receiveBytes = (bytes: Uint8Array): void => {
    const frame = decodeBytes(bytes)
    if (!frame) return
    if (frame.kind === BYTES.recording) {
      reads.get(frame.stream)?.resolve(frame.payload)
      reads.delete(frame.stream)
      return
    }
    const terminal = terminals.get(frame.stream)
    if (!terminal) return
    if (frame.kind === BYTES.screen)
      terminal.viewer.screen(frame.offset, terminal.size, frame.payload)
    else if (frame.kind === BYTES.output) terminal.viewer.output(frame.offset, frame.payload)
  }

  const openTerminal: Connection['openTerminal'] = (sessionId, size, viewer, terminal) => {
    const stream = nextId++
    terminals.set(stream, { viewer, size })
    send({ t: 'terminal/open', stream, sessionId, ...further(terminal), ...size })
    return {
      write: (payload) => {
        for (let at = 0; isOpen && at < payload.length; at += LIMITS.readBytes) {
          const part = payload.subarray(at, at + LIMITS.readBytes)
          transport.send(encodeBytes({ kind: BYTES.input, stream, offset: 0, payload: part }))
        }
      },
      drawn: (offset) => send({ t: 'terminal/drawn', stream, offset }),
      resize: ({ cols, rows }) => send({ t: 'terminal/resize', stream, cols, rows }),
      close: () => {
        if (terminals.delete(stream)) send({ t: 'terminal/close', stream })
      },
    }
  }

  const readRecording: Connection['readRecording'] = (sessionId, offset, terminal) => {
    const stream = nextId++
    return new Promise((resolve, reject) => {
      if (!isOpen) return reject(new Fault('disconnected', 'the host is not connected'))
      reads.set(stream, { resolve, reject })
      send({ t: 'recording/read', stream, sessionId, ...further(terminal), offset })
    })
  }

  return new Promise((resolve, reject) => {
    transport.onClose(() => {
      isOpen = false
      const fault = new Fault('disconnected', 'the connection to the host was lost')
      for (const waiting of [...calls.values(), ...reads.values()]) waiting.reject(fault)
      reads.clear()
      for (const { viewer } of terminals.values()) viewer.closed(fault.message)
      terminals.clear()
      reject(fault)
      onClosed?.()
    })
    transport.onFrame((data) => {
      if (typeof data !== 'string') return receiveBytes(data)
      const parsed = HostFrame.safeParse(JSON.parse(data))
      if (!parsed.success) return
      if (parsed.data.t !== 'welcome') return receive(parsed.data)
      if (parsed.data.protocol !== PROTOCOL_VERSION)
        return reject(new Fault('incompatible', `the host speaks protocol ${parsed.data.protocol}`))
      resolve({
        api: clientOf(api, call, subscribe),
        version: parsed.data.version,
        openTerminal,
        readRecording,
        onClose: (closed) => {
          onClosed = closed
          if (!isOpen) closed()
        },
        close: () => transport.close(),
      })
    })
    send({ t: 'hello', protocol: PROTOCOL_VERSION, clientId: options.clientId })
  })
}

const further = (terminal: TerminalId | null | undefined): { terminalId?: TerminalId } =>
  terminal ? { terminalId: terminal } : {}

type Call = (
  endpoint: string,
  input: unknown,
  how: { readonly signal: AbortSignal | undefined; readonly mayTakeMs: number | undefined },
) => Promise<unknown>

/** Built from the contract, so a new endpoint needs no code here. */
function clientOf<C extends Contract>(
  contract: C,
  call: Call,
  subscribe: (
    endpoint: string,
    key: unknown,
    onFrame: (frame: Frame<unknown, unknown>) => void,
  ) => Unsubscribe,
): ClientOf<C> {
  const groups = Object.entries(contract).map(([group, endpoints]) => [
    group,
    Object.fromEntries(
      Object.entries(endpoints).map(([name, endpoint]) => {
        const path = `${group}.${name}`
        return [
          name,
          endpoint.kind === 'stream'
            ? (key: unknown, onFrame: (frame: Frame<unknown, unknown>) => void) =>
                subscribe(path, key, onFrame)
            : (input: unknown, signal?: AbortSignal) =>
                call(path, input, {
                  signal,
                  mayTakeMs: endpoint.kind === 'command' ? endpoint.mayTakeMs : undefined,
                }),
        ]
      }),
    ),
  ])
  return Object.fromEntries(groups) as ClientOf<C>
}
