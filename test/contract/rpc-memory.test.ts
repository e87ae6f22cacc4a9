import { memoryTransportPair } from '../../src/shared/rpc/transport.ts'
import { rpcSuite } from './rpc.suite.ts'

rpcSuite('memory', () => {
  const [client, host] = memoryTransportPair()
  return Promise.resolve({ client, host, dispose: () => client.close() })
})
