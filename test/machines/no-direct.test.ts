import { afterAll, beforeAll, expect } from 'vitest'
import { failure } from '../helpers/failure.ts'
import { python } from '../helpers/outside.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { makePlace, type Place, startSandbox, testBackend } from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap', 'machines', 'python3')

let place: Place
beforeAll(async () => {
  place = await makePlace()
})
afterAll(() => place.dispose())

const DIAL = `
import socket
s = socket.create_connection(('93.184.216.34', 80), 5)
try:
    s.send(b'x'); print('got', s.recv(9))
except OSError as cause: print(type(cause).__name__)`

test('where the sandbox around serves no direct connections a machine stands, and they go nowhere', async () => {
  const backend = testBackend(undefined, {}, undefined, '/nowhere/sandbox-network')
  const { sandbox, terminal } = await startSandbox(place, python(DIAL), {}, backend)
  if (!sandbox.ok) throw failure(sandbox.error, terminal.output())
  expect(sandbox.value.network?.direct).toBeNull()
  for (const axes of [sandbox.value.axes, await sandbox.value.probe()]) {
    const network = axes.find(({ axis }) => axis === 'network')
    expect(network?.proven).toBe('enforced')
    expect(network?.evidence).toContainEqual({
      attempt: 'Serve programs that know no proxy',
      outcome: expect.stringMatching(/no way out here: the gateway serves none/),
      verdict: 'held',
    })
    // What the machine's own end takes is refused by the next wall.
    expect(network?.evidence).toContainEqual({
      attempt: 'Around the machine: Connect to an address without a proxy',
      outcome: 'refused',
      verdict: 'held',
    })
  }
  await sandbox.value.release()
  await terminal.exited
  await sandbox.value.destroy()
  expect(terminal.output()).toMatch(/ConnectionResetError|got b''/)
})
