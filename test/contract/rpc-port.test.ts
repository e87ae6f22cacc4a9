import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { type MainPort, portTransport } from '../../src/main/shell-electron/port-transport.ts'
import { rpcSuite } from './rpc.suite.ts'

/** Node's port in the shape of Electron's: the message stands in `data`. */
function asMainPort(port: MessagePort): MainPort {
  return {
    postMessage: (message) => port.postMessage(message),
    on: (event: 'message' | 'close', listener: (event: { data: unknown }) => void) =>
      event === 'message'
        ? port.on('message', (data) => listener({ data }))
        : port.on('close', () => listener({ data: null })),
    start: () => port.start(),
    close: () => port.close(),
  }
}

rpcSuite('a MessageChannel', () => {
  const { port1, port2 } = new MessageChannel()
  return Promise.resolve({
    client: portTransport(asMainPort(port1)),
    host: portTransport(asMainPort(port2)),
    dispose: () => port1.close(),
  })
})
