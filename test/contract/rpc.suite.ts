import { afterEach, describe, expect, test } from 'vitest'
import { api } from '../../src/shared/contract/api.ts'
import type { HandlersOf, StreamSource } from '../../src/shared/contract/define.ts'
import type { SessionId } from '../../src/shared/domain/ids.ts'
import { err, ok } from '../../src/shared/result.ts'
import { type Connection, connect } from '../../src/shared/rpc/client.ts'
import { Fault, LIMITS } from '../../src/shared/rpc/frames.ts'
import { type ByteServices, serve, type TerminalChannel } from '../../src/shared/rpc/server.ts'
import type { Transport } from '../../src/shared/rpc/transport.ts'

export type MakePair = () => Promise<{ client: Transport; host: Transport; dispose(): void }>

const SESSION = 'ses_0123456789abcdef' as SessionId
const never = () => Promise.reject(new Error('not part of this suite'))
const silent: StreamSource<never, never> = () => () => undefined

/** The same conversation over every transport. */
export function rpcSuite(name: string, makePair: MakePair): void {
  describe(`contract over ${name}`, () => {
    const disposers: (() => void)[] = []
    afterEach(() => {
      for (const dispose of disposers.splice(0)) dispose()
    })

    async function start(
      overrides: {
        handlers?: Partial<{ [G in keyof typeof api]: object }>
        bytes?: Partial<ByteServices>
      } = {},
    ): Promise<{ connection: Connection; faults: string[]; host: Transport; raw: Transport }> {
      const pair = await makePair()
      disposers.push(pair.dispose)
      const faults: string[] = []
      const handlers = {
        system: { info: never, doctor: () => Promise.resolve([]), images: never, folder: never },
        agent: { list: never },
        session: {
          create: never,
          stop: never,
          restart: never,
          rename: never,
          remove: never,
          list: () => silent,
          watch: () => silent,
        },
        prompt: { answer: never, list: () => silent },
        rule: { list: () => silent, remove: never },
        recording: { list: never, events: never },
        ...overrides.handlers,
      } as unknown as HandlersOf<typeof api>
      serve(pair.host, {
        contract: api,
        handlers,
        bytes: {
          openTerminal: () => null,
          readRecording: () => Promise.resolve(null),
          ...overrides.bytes,
        },
        shell: 'web',
        version: '9.9.9',
        checkOutputs: true,
        onFault: (endpoint) => faults.push(endpoint),
      })
      const connection = await connect(pair.client, { clientId: 'client-1' })
      return { connection, faults, host: pair.host, raw: pair.client }
    }

    test('welcomes with its version, answers a query', async () => {
      const { connection } = await start()
      expect(connection.version).toBe('9.9.9')
      expect(await connection.api.system.doctor(null)).toEqual([])
    })

    test('a command carries its error as data', async () => {
      const { connection } = await start({
        handlers: {
          system: {
            info: never,
            doctor: never,
            images: never,
            folder: (path: string) => Promise.resolve(err({ type: 'missing', path })),
          },
        },
      })
      expect(await connection.api.system.folder('/nowhere')).toEqual(
        err({ type: 'missing', path: '/nowhere' }),
      )
    })

    test('input that does not fit never reaches the handler', async () => {
      const { connection } = await start()
      await expect(connection.api.system.folder(7 as never)).rejects.toMatchObject({
        code: 'bad_input',
      })
    })

    test('an output that breaks the contract is a fault of ours, not data', async () => {
      const { connection, faults } = await start({
        handlers: {
          system: {
            info: never,
            doctor: () => Promise.resolve([{ lies: true }]),
            images: never,
            folder: never,
          },
        },
      })
      await expect(connection.api.system.doctor(null)).rejects.toMatchObject({ code: 'internal' })
      expect(faults).toEqual(['system.doctor'])
    })

    test.each([
      'nothing.here',
      'system',
      'constructor.name',
      '__proto__.toString',
      'system.info.x',
    ])('there is no endpoint %s', async (endpoint) => {
      const { connection, raw } = await start()
      raw.send(JSON.stringify({ t: 'call', id: 'x', endpoint, input: null }))
      // Still serving afterwards is the positive control.
      expect(await connection.api.system.doctor(null)).toEqual([])
    })

    test('a stream gives its snapshot, then deltas in order, and stops when told', async () => {
      let push: ((seq: number) => void) | null = null
      let stopped = 0
      const source: StreamSource<unknown[], unknown[]> = (emit) => {
        emit({ type: 'snapshot', seq: 0, state: [] })
        push = (seq) => emit({ type: 'delta', seq, change: [] })
        return () => stopped++
      }
      const { connection } = await start({
        handlers: { rule: { list: () => source, remove: never } },
      })
      const seen: string[] = []
      const stop = connection.api.rule.list(null, (frame) =>
        seen.push(`${frame.type}:${frame.seq}`),
      )
      await expect.poll(() => seen).toEqual(['snapshot:0'])
      push!(1)
      push!(2)
      await expect.poll(() => seen).toEqual(['snapshot:0', 'delta:1', 'delta:2'])
      stop()
      await expect.poll(() => stopped).toBe(1)
    })

    test('terminal bytes arrive whole, in order, with offsets; input goes the other way', async () => {
      const typed: string[] = []
      const channel: TerminalChannel = {
        write: (bytes) => typed.push(new TextDecoder().decode(bytes)),
        resize: ({ cols, rows }) => typed.push(`${cols}x${rows}`),
        drawn: (offset) => typed.push(`drawn ${offset}`),
        close: () => typed.push('closed'),
      }
      const { connection } = await start({
        bytes: {
          openTerminal: (_, viewer) => {
            queueMicrotask(() => {
              viewer.screen(5, { cols: 80, rows: 24 }, new Uint8Array([27, 91, 72]))
              viewer.output(5, new Uint8Array([0, 255, 10]))
            })
            return channel
          },
        },
      })
      const seen: unknown[] = []
      const terminal = connection.openTerminal(
        SESSION,
        { cols: 100, rows: 30 },
        {
          screen: (offset, size, bytes) => seen.push(['screen', offset, size.cols, [...bytes]]),
          output: (offset, bytes) => seen.push(['output', offset, [...bytes]]),
          resized: () => undefined,
          closed: () => undefined,
        },
      )
      await expect
        .poll(() => seen)
        .toEqual([
          ['screen', 5, 80, [27, 91, 72]],
          ['output', 5, [0, 255, 10]],
        ])
      terminal.write(new TextEncoder().encode('héllo\r'))
      terminal.drawn(8)
      terminal.close()
      await expect.poll(() => typed).toEqual(['100x30', 'héllo\r', 'drawn 8', 'closed'])
    })

    test('an unknown terminal says so to its viewer', async () => {
      const { connection } = await start()
      const closed = new Promise<string>((resolve) => {
        connection.openTerminal(
          SESSION,
          { cols: 80, rows: 24 },
          {
            screen: () => undefined,
            output: () => undefined,
            resized: () => undefined,
            closed: resolve,
          },
        )
      })
      expect(await closed).toContain('no live terminal')
    })

    test('parts of a recording are read by offset', async () => {
      const log = Uint8Array.from({ length: 1000 }, (_, n) => n % 251)
      const { connection } = await start({
        bytes: {
          readRecording: (_, offset) => Promise.resolve(log.subarray(offset, offset + 400)),
        },
      })
      const parts = [0, 400, 800, 1000].map((offset) => connection.readRecording(SESSION, offset))
      const lengths = (await Promise.all(parts)).map((part) => part.length)
      expect(lengths).toEqual([400, 400, 200, 0])
    })

    test('frames that do not parse are counted, then the connection ends', async () => {
      const { connection, raw } = await start()
      const closed = new Promise<void>((resolve) => connection.onClose(resolve))
      for (let n = 0; n < LIMITS.malformed; n++) raw.send('{"t":"nonsense"}')
      expect(await connection.api.system.doctor(null)).toEqual([])
      raw.send('not json')
      await closed
    })

    test('a connection that does not say hello first is closed', async () => {
      const pair = await makePair()
      disposers.push(pair.dispose)
      serve(pair.host, {
        contract: api,
        handlers: {} as HandlersOf<typeof api>,
        bytes: { openTerminal: () => null, readRecording: () => Promise.resolve(null) },
        shell: 'web',
        version: '1',
        checkOutputs: true,
        onFault: () => undefined,
      })
      const closed = new Promise<void>((resolve) => pair.client.onClose(resolve))
      pair.client.send(
        JSON.stringify({ t: 'call', id: '1', endpoint: 'system.doctor', input: null }),
      )
      await closed
    })

    test('losing the connection fails what waits, with the one fault the interface shows', async () => {
      const { connection, host } = await start({
        handlers: {
          system: {
            info: never,
            doctor: () => new Promise(() => undefined),
            images: never,
            folder: never,
          },
        },
      })
      const waiting = connection.api.system.doctor(null)
      host.close()
      await expect(waiting).rejects.toBeInstanceOf(Fault)
      await expect(connection.api.system.doctor(null)).rejects.toMatchObject({
        code: 'disconnected',
      })
    })

    test('a handler may answer late without holding up others', async () => {
      let release: () => void = () => undefined
      const gate = new Promise<void>((resolve) => {
        release = resolve
      })
      const { connection } = await start({
        handlers: {
          system: {
            info: never,
            doctor: () => Promise.resolve([]),
            images: never,
            folder: () => gate.then(() => ok({ path: '/', parent: null, folders: [] })),
          },
        },
      })
      const slow = connection.api.system.folder('/')
      expect(await connection.api.system.doctor(null)).toEqual([])
      release()
      expect((await slow).ok).toBe(true)
    })
  })
}
