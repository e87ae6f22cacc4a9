import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { START_MS } from '../../../src/shared/contract/define.ts'
import { BASIC_SPEC, SessionSpec } from '../../../src/shared/domain/session.ts'
import { connect } from '../../../src/shared/rpc/client.ts'
import { LIMITS, PROTOCOL_VERSION } from '../../../src/shared/rpc/frames.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

/** A host that says hello and then nothing. */
function silent() {
  const sent: string[] = []
  const connected = connect(
    {
      send: (frame) => void sent.push(String(frame)),
      onFrame: (receive) =>
        receive(JSON.stringify({ t: 'welcome', protocol: PROTOCOL_VERSION, version: '0' })),
      onClose: () => undefined,
      close: () => undefined,
    },
    { clientId: 'test' },
  )
  const cancelled = (): boolean => sent.some((frame) => frame.includes('"cancel"'))
  return { connected, cancelled }
}

test('a call that no host answers is given up, and the host is told', async () => {
  const { connected, cancelled } = silent()
  const { api } = await connected
  const asked = expect(api.system.info(null)).rejects.toMatchObject({ code: 'timeout' })
  await vi.advanceTimersByTimeAsync(LIMITS.callTimeoutMs - 1)
  expect(cancelled()).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  await asked
  expect(cancelled()).toBe(true)
})

test('a start may take as long as a disk, a copied workspace and an emulated processor take', async () => {
  const { connected, cancelled } = silent()
  const { api } = await connected
  const spec = SessionSpec.parse({
    ...BASIC_SPEC,
    ...{ agent: 'shell', command: null, workspace: '/w', level: 'vm', network: 'ask' },
    ...{ title: null, grants: [], useSignIn: false, acknowledgement: null },
  })
  const started = expect(api.session.create(spec)).rejects.toMatchObject({ code: 'timeout' })
  await vi.advanceTimersByTimeAsync(START_MS - 1)
  expect(cancelled()).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  await started
})
