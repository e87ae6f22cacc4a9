import type {
  Caller,
  Contract,
  Endpoint,
  Frame,
  HandlersOf,
  StreamSource,
} from '../contract/define.ts'
import type { Result } from '../result.ts'
import {
  BYTES,
  ClientFrame,
  decodeBytes,
  encodeBytes,
  Fault,
  type FaultCode,
  type HostFrame,
  LIMITS,
  PROTOCOL_VERSION,
} from './frames.ts'
import type { TerminalSize, TerminalViewer } from '../terminal-viewer.ts'
import type { Transport } from './transport.ts'

/** What a connection needs of the terminals and recordings; implemented by the host. */
export interface ByteServices {
  /** `terminalId`: a further one of the session. null: no such terminal. */
  openTerminal(
    sessionId: string,
    viewer: TerminalViewer,
    terminalId?: string,
  ): TerminalChannel | null
  /** null: no such recording. At most LIMITS.readBytes; empty at the end. */
  readRecording(sessionId: string, offset: number, terminalId?: string): Promise<Uint8Array | null>
}

export interface TerminalChannel {
  write(bytes: Uint8Array): void
  resize(size: TerminalSize): void
  drawn(offset: number): void
  close(): void
}

export interface ServeOptions<C extends Contract> {
  readonly contract: C
  readonly handlers: HandlersOf<C>
  readonly bytes: ByteServices
  readonly shell: Caller['shell']
  readonly version: string
  /** Outputs are checked against the contract in development and tests. */
  readonly checkOutputs: boolean
  /** Faults other than the caller's own mistakes; the id also stands in what the caller sees. */
  readonly onFault: (endpoint: string, cause: unknown) => void
}

type AnyHandler = (input: unknown, caller: Caller) => unknown

/** Serves one connection until it closes. Every input is validated; nothing here throws. */
export function serve<C extends Contract>(transport: Transport, options: ServeOptions<C>): void {
  let caller: Caller | null = null
  let malformed = 0
  const calls = new Set<string>()
  const streams = new Map<number, () => void>()
  const terminals = new Map<number, TerminalChannel>()

  const send = (frame: HostFrame): void => {
    const text = JSON.stringify(frame)
    if (text.length <= LIMITS.hostFrameBytes) return transport.send(text)
    options.onFault('frame too large', new Error(`${frame.t}: ${text.length} bytes`))
    if ('stream' in frame) closeStream(frame.stream, 'internal', 'the answer is too large')
  }

  const reject = (why: string): void => {
    malformed++
    options.onFault('malformed frame', new Error(why))
    if (malformed > LIMITS.malformed) transport.close()
  }

  const closeStream = (stream: number, code: FaultCode, message: string): void => {
    streams.get(stream)?.()
    streams.delete(stream)
    send({ t: 'closed', stream, code, message })
  }

  const find = (path: string): { endpoint: Endpoint; handler: AnyHandler } | null => {
    const [group, name, ...rest] = path.split('.')
    if (!group || !name || rest.length > 0) return null
    if (!Object.hasOwn(options.contract, group)) return null
    const endpoints = options.contract[group]!
    if (!Object.hasOwn(endpoints, name)) return null
    const handlers = options.handlers[group] as Record<string, AnyHandler>
    return { endpoint: endpoints[name]!, handler: handlers[name]! }
  }

  const call = async (id: string, path: string, input: unknown, from: Caller): Promise<void> => {
    const fail = (code: FaultCode, message: string) => {
      if (calls.has(id)) send({ t: 'fault', id, code, message })
    }
    calls.add(id)
    try {
      const found = find(path)
      if (!found || found.endpoint.kind === 'stream')
        return fail('unknown_endpoint', `there is no call ${path}`)
      const { endpoint, handler } = found
      const parsed = endpoint.input.safeParse(input)
      if (!parsed.success) return fail('bad_input', parsed.error.message)
      const output = await handler(parsed.data, from)
      if (options.checkOutputs) checkOutput(endpoint, output)
      if (calls.has(id)) send({ t: 'answer', id, output })
    } catch (cause) {
      options.onFault(path, cause)
      if (cause instanceof Fault) fail(cause.code, cause.message)
      else fail('internal', `${path} failed; the log has the reason`)
    } finally {
      calls.delete(id)
    }
  }

  const subscribe = (stream: number, path: string, key: unknown, from: Caller): void => {
    const refuse = (code: FaultCode, message: string) => closeStream(stream, code, message)
    if (streams.has(stream) || terminals.has(stream)) return reject('stream number in use')
    if (streams.size + terminals.size >= LIMITS.streams)
      return refuse('bad_input', 'too many streams on one connection')
    const found = find(path)
    if (!found || found.endpoint.kind !== 'stream')
      return refuse('unknown_endpoint', `there is no stream ${path}`)
    const parsed = found.endpoint.key.safeParse(key)
    if (!parsed.success) return refuse('bad_input', parsed.error.message)
    try {
      const source = found.handler(parsed.data, from) as StreamSource<unknown, unknown>
      const push = (frame: Frame<unknown, unknown>): void => {
        if (frame.type === 'snapshot')
          send({ t: 'snapshot', stream, seq: frame.seq, state: frame.state })
        else send({ t: 'delta', stream, seq: frame.seq, change: frame.change })
      }
      streams.set(stream, () => undefined)
      const unsubscribe = source(push)
      if (streams.has(stream)) streams.set(stream, unsubscribe)
      else unsubscribe()
    } catch (cause) {
      options.onFault(path, cause)
      if (cause instanceof Fault) refuse(cause.code, cause.message)
      else refuse('internal', `${path} failed; the log has the reason`)
    }
  }

  const openTerminal = (frame: Extract<ClientFrame, { t: 'terminal/open' }>): void => {
    const { stream, sessionId, terminalId } = frame
    if (streams.has(stream) || terminals.has(stream)) return reject('stream number in use')
    if (streams.size + terminals.size >= LIMITS.streams)
      return closeStream(stream, 'bad_input', 'too many streams on one connection')
    const viewer: TerminalViewer = {
      screen: (offset, { cols, rows }, payload) => {
        send({ t: 'terminal/size', stream, cols, rows })
        transport.send(encodeBytes({ kind: BYTES.screen, stream, offset, payload }))
      },
      output: (offset, payload) =>
        transport.send(encodeBytes({ kind: BYTES.output, stream, offset, payload })),
      resized: ({ cols, rows }) => send({ t: 'terminal/size', stream, cols, rows }),
    }
    const channel = options.bytes.openTerminal(sessionId, viewer, terminalId)
    if (!channel) return closeStream(stream, 'bad_input', 'this session has no live terminal')
    terminals.set(stream, channel)
    channel.resize(frame)
  }

  const readRecording = async (
    frame: Extract<ClientFrame, { t: 'recording/read' }>,
  ): Promise<void> => {
    const { stream, sessionId, offset, terminalId } = frame
    try {
      const payload = await options.bytes.readRecording(sessionId, offset, terminalId)
      if (!payload) return closeStream(stream, 'bad_input', 'there is no such recording')
      transport.send(encodeBytes({ kind: BYTES.recording, stream, offset, payload }))
    } catch (cause) {
      options.onFault('recording/read', cause)
      closeStream(stream, 'internal', 'the recording could not be read')
    }
  }

  const dispatch = (frame: ClientFrame, from: Caller): void => {
    switch (frame.t) {
      case 'hello':
        return reject('a second hello')
      case 'call':
        return void call(frame.id, frame.endpoint, frame.input, from)
      case 'cancel':
        calls.delete(frame.id)
        return
      case 'subscribe':
        return subscribe(frame.stream, frame.endpoint, frame.key, from)
      case 'unsubscribe':
        streams.get(frame.stream)?.()
        streams.delete(frame.stream)
        return
      case 'terminal/open':
        return openTerminal(frame)
      case 'terminal/drawn':
        return terminals.get(frame.stream)?.drawn(frame.offset)
      case 'terminal/resize':
        return terminals.get(frame.stream)?.resize(frame)
      case 'terminal/close':
        terminals.get(frame.stream)?.close()
        terminals.delete(frame.stream)
        return
      case 'recording/read':
        return void readRecording(frame)
    }
  }

  const receiveText = (text: string): void => {
    if (text.length > LIMITS.frameBytes) return reject('frame too large')
    const parsed = ClientFrame.safeParse(parseJson(text))
    if (!parsed.success) return reject('frame does not fit the protocol')
    const frame = parsed.data
    if (caller) return dispatch(frame, caller)
    if (frame.t !== 'hello') return transport.close()
    send({ t: 'welcome', protocol: PROTOCOL_VERSION, version: options.version })
    if (frame.protocol !== PROTOCOL_VERSION) return transport.close()
    caller = { clientId: frame.clientId, shell: options.shell }
  }

  const receiveBytes = (bytes: Uint8Array): void => {
    const frame = bytes.length <= LIMITS.frameBytes ? decodeBytes(bytes) : null
    if (!caller || frame?.kind !== BYTES.input) return reject('not an input frame')
    terminals.get(frame.stream)?.write(frame.payload)
  }

  transport.onFrame((frame) =>
    typeof frame === 'string' ? receiveText(frame) : receiveBytes(frame),
  )
  transport.onClose(() => {
    for (const end of streams.values()) end()
    for (const channel of terminals.values()) channel.close()
    streams.clear()
    terminals.clear()
    calls.clear()
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function checkOutput(endpoint: Endpoint, output: unknown): void {
  if (endpoint.kind === 'query') endpoint.output.parse(output)
  else if (endpoint.kind === 'command') {
    const result = output as Result<unknown, unknown>
    if (result.ok) endpoint.output.parse(result.value)
    else endpoint.error.parse(result.error)
  }
}
