import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { connectionStore } from '../../../src/renderer/connection.ts'
import type { PolicyFile } from '../../../src/shared/domain/policy-file.ts'
import { textOfPolicyFile } from '../../../src/shared/policy-text.ts'
import { parsePolicy } from '../../../src/main/policies/parse-policy.ts'
import type { Connection } from '../../../src/shared/rpc/client.ts'
import { fakePolicy } from '../../visual/harness/folder-policy.ts'

// The store of pages reads the address when it is loaded.
vi.stubGlobal('window', { location: { hash: '' } })
const store = await import('../../../src/renderer/stores/import-settings.ts')
const { useImport } = store
const state = () => useImport.getState()

const seen: string[] = []
beforeEach(() => {
  seen.length = 0
  const api = { policy: fakePolicy('quiet', seen) }
  connectionStore.setState(
    { type: 'connected', connection: { api } as unknown as Connection },
    true,
  )
})
afterEach(() => {
  vi.useRealTimers()
  connectionStore.setState({ type: 'connecting' }, true)
})

const SRT = '{"network": {"allowedDomains": ["a.example"]}, "filesystem": {"denyRead": ["~/.ssh"]}}'

test('what is pasted becomes a policy, with a name that is free; what cannot be read stays, with a word', async () => {
  await store.startImport()
  store.paste('{"network": ')
  await store.readPasted()
  expect(state().problem).toMatch(/^It cannot be read as JSON, line 1: .*Correct it below/)
  expect([state().text, state().read]).toEqual(['{"network": ', null])
  store.paste('{"other": 1}')
  await store.readPasted()
  expect(state().problem).toMatch(/Choose the tool/)
  store.paste(SRT)
  await store.readPasted()
  expect(state()).toMatchObject({
    ...{ problem: null, wrong: null, name: 'sandbox-runtime' },
    read: { format: 'srt', from: 'What you pasted' },
  })
  expect(parsePolicy(state().policy)).toMatchObject({ ok: true, value: { allow: ['a.example'] } })
  store.backToSettings()
  expect(state()).toMatchObject({ text: SRT, read: null })
})

test('a file is read in the page, in bounds, and only if it is text', async () => {
  await store.startImport()
  const file = (text: string, size = text.length) => ({
    ...{ name: 'mine.json', size, text: () => Promise.resolve(text) },
  })
  await store.takeFile(file('', 300_000))
  expect(state().problem).toBe('mine.json is larger than 256 KiB. Paste the part that matters.')
  await store.takeFile(file('a\0b'))
  expect(state().problem).toMatch(/is no text/)
  await store.takeFile({ ...file(''), text: () => Promise.reject(new Error('gone')) })
  expect(state().problem).toMatch(/cannot be read/)
  await store.takeFile(file(SRT))
  expect(state().read).toMatchObject({ from: 'mine.json', format: 'srt' })
})

test('a change is checked once the person stops, and the answer to an older text is passed over', async () => {
  await store.startImport()
  store.paste(SRT)
  await store.readPasted()
  vi.useFakeTimers()
  store.changePolicy('{\n "alow": []\n}')
  store.changePolicy('{\n "denny": []\n}')
  expect(state().wrong).toBeNull()
  await vi.advanceTimersByTimeAsync(200)
  expect(state().wrong).toEqual({ line: 2, key: 'denny', reason: 'there is no such key' })
  // It is wrong now, and refused with its place; the text stays.
  expect(await store.keepImport()).toBeNull()
  expect(state().problem).toMatch(/line 2, denny/)
  store.changePolicy('{ "network": "closed" }')
  await vi.advanceTimersByTimeAsync(200)
  expect(state()).toMatchObject({ wrong: null, problem: null })
})

test('a name that is taken is said, and nothing is lost', async () => {
  await store.startImport()
  store.paste(SRT)
  await store.readPasted()
  const { policy } = state()
  // One that is listed, one that comes with Cloche, and one that was written meanwhile.
  for (const name of ['Nights', 'Workspace', 'Late']) {
    store.nameProfile(name)
    expect(await store.keepImport()).toBeNull()
    expect(state().problem).toBe(
      `There is a profile “${name}”, and it stays as it is. Choose another name.`,
    )
    expect(state()).toMatchObject({ name, policy })
  }
  store.nameProfile('../x')
  expect(await store.keepImport()).toBeNull()
  expect(state().problem).toMatch(/begins with a letter/)
  expect(seen).toEqual([])
  store.nameProfile('Ours')
  expect(await store.keepImport()).toBe('Ours')
  expect(seen).toEqual([`keep Ours ${policy}`])
})

test('a policy as text is the same policy', () => {
  const policy: PolicyFile = {
    ...{ network: 'listed', allow: ['a.example', '*.b.example'], deny: [] },
    files: [{ path: 'a"b', access: 'mask' }],
    limits: { processes: 64, memoryBytes: null },
  }
  const text = textOfPolicyFile(policy)
  expect(parsePolicy(text)).toEqual({ ok: true, value: policy })
  expect(text).toContain('    { "path": "a\\"b", "access": "mask" },\n')
  expect(textOfPolicyFile({})).toBe('{\n}\n')
})
