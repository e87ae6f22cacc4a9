import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { socketTransport } from '../../src/main/shell-web/socket-transport.ts'
import type { Transport } from '../../src/shared/rpc/transport.ts'
import { rpcSuite } from './rpc.suite.ts'

rpcSuite('a real WebSocket', async () => {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const host = new Promise<Transport>((done) =>
    sockets.once('connection', (socket) => done(socketTransport(socket))),
  )
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const client = socketTransport(socket)
  await new Promise((done) => socket.once('open', done))
  return {
    client,
    host: await host,
    dispose: () => {
      socket.terminate()
      server.close()
      server.closeAllConnections()
    },
  }
})
