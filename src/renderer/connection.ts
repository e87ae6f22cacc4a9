import { createStore, useStore } from 'zustand'
import { type Connection, connect } from '../shared/rpc/client.ts'
import { Fault } from '../shared/rpc/frames.ts'
import {
  BRIDGE_NAME,
  type Bridge,
  Inbox,
  PORT_MESSAGE,
  type Transport,
} from '../shared/rpc/transport.ts'

export type ConnectionState =
  | { readonly type: 'connecting' }
  | { readonly type: 'connected'; readonly connection: Connection }
  | { readonly type: 'reconnecting'; readonly attempt: number; readonly sinceMs: number }
  | { readonly type: 'disconnected'; readonly reason: string; readonly sinceMs: number }
  | { readonly type: 'incompatible'; readonly message: string }

export type OpenTransport = () => Promise<Transport>

/** The one connection of this window. Stores follow it; nothing else opens a transport. */
export const connectionStore = createStore<ConnectionState>(() => ({ type: 'connecting' }))
export const useConnection = (): ConnectionState => useStore(connectionStore)

/** null while there is none; callers show that instead of queueing. */
export function currentConnection(): Connection | null {
  const state = connectionStore.getState()
  return state.type === 'connected' ? state.connection : null
}

const RETRY_MS = [200, 500, 1000, 2000, 5000] as const
/** About a minute of trying; after it a person decides. */
const MAX_ATTEMPTS = 15

let open: OpenTransport = openShellTransport
let clientId = ''

/** Connects, and reconnects whenever the pipe breaks. Called once per window. */
export function startConnection(openTransport: OpenTransport = openShellTransport): void {
  open = openTransport
  clientId = crypto.randomUUID()
  void attempt(0, Date.now())
}

/** After `disconnected`: a person asks for another try. */
export function reconnect(): void {
  if (connectionStore.getState().type === 'disconnected') void attempt(1, Date.now())
}

async function attempt(count: number, sinceMs: number): Promise<void> {
  if (count > MAX_ATTEMPTS)
    return set({ type: 'disconnected', reason: 'The host does not answer.', sinceMs })
  set(count === 0 ? { type: 'connecting' } : { type: 'reconnecting', attempt: count, sinceMs })
  try {
    const connection = await connect(await open(), { clientId })
    connection.onClose(() => void attempt(1, Date.now()))
    set({ type: 'connected', connection })
  } catch (cause) {
    if (cause instanceof Fault && cause.code === 'incompatible')
      return set({ type: 'incompatible', message: cause.message })
    setTimeout(
      () => void attempt(count + 1, sinceMs),
      RETRY_MS[Math.min(count, RETRY_MS.length - 1)],
    )
  }
}

const set = (state: ConnectionState): void => connectionStore.setState(state, true)

/** Electron's bridge when the preload gave one, else a WebSocket to where the page came from. */
function openShellTransport(): Promise<Transport> {
  const bridge = (window as { [BRIDGE_NAME]?: Bridge })[BRIDGE_NAME]
  return bridge ? openPort(bridge) : openSocket()
}

function openPort(bridge: Bridge): Promise<Transport> {
  return new Promise((resolve) => {
    const receive = (event: MessageEvent): void => {
      const port = event.ports[0]
      if (event.source !== window || event.data !== PORT_MESSAGE || !port) return
      window.removeEventListener('message', receive)
      resolve(portTransport(port))
    }
    window.addEventListener('message', receive)
    bridge.requestPort()
  })
}

function portTransport(port: MessagePort): Transport {
  const inbox = new Inbox()
  port.addEventListener('message', (event: MessageEvent<unknown>) => {
    if (typeof event.data === 'string' || event.data instanceof Uint8Array) inbox.push(event.data)
    else if (event.data instanceof ArrayBuffer) inbox.push(new Uint8Array(event.data))
  })
  // Newer Chromium tells a port that its other end is gone; older ones stay silent.
  port.addEventListener('close', () => inbox.end())
  port.start()
  return inbox.transport({
    send: (frame) => port.postMessage(frame),
    close: () => {
      port.close()
      inbox.end()
    },
  })
}

function openSocket(): Promise<Transport> {
  return new Promise((resolve, reject) => {
    // Beside the page: the server's cookie holds only below the page's own path.
    const address = new URL('ws', location.href)
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
    const socket = new WebSocket(address)
    const inbox = new Inbox()
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('message', (event: MessageEvent<string | ArrayBuffer>) => {
      inbox.push(typeof event.data === 'string' ? event.data : new Uint8Array(event.data))
    })
    socket.addEventListener('close', () => {
      inbox.end()
      reject(new Fault('disconnected', 'the host refused the connection'))
    })
    socket.addEventListener('open', () =>
      resolve(
        inbox.transport({
          send: (frame) => {
            // The DOM's types ask for a buffer that is not shared; every frame of ours is one.
            if (socket.readyState === WebSocket.OPEN)
              socket.send(frame as string | Uint8Array<ArrayBuffer>)
          },
          close: () => socket.close(),
        }),
      ),
    )
  })
}
