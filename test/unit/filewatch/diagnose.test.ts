import { expect, test } from 'vitest'
import { diagnoseFileWatch, readFileWatchFacts } from '../../../src/main/filewatch/diagnose.ts'

const FACTS = {
  isBuilt: true,
  platform: 'linux',
  kernel: '6.1.0-18-amd64',
  mostFolders: 8192,
} as const

test.each([
  [{}, 'usable', 'with who makes it'],
  [{ kernel: '5.6.0' }, 'usable', 'with who makes it'],
  [{ kernel: '5.4.0-generic' }, 'missing', 'not who'],
  [{ kernel: '4.19.0' }, 'missing', 'not who'],
  [{ isBuilt: false }, 'missing', 'not recorded'],
  [{ platform: 'darwin' as const }, 'unsupported', 'Linux only'],
])('%j is %s: %s', (facts, status, words) => {
  const diagnosis = diagnoseFileWatch({ ...FACTS, ...facts })
  expect(diagnosis.status).toBe(status)
  expect(diagnosis.summary).toContain(words)
  expect(diagnosis.remedies.length > 0).toBe(status === 'missing')
})

test('this machine is read as it is', async () => {
  expect(await readFileWatchFacts(['/nowhere', process.execPath])).toMatchObject({
    ...{ isBuilt: false, platform: process.platform },
    kernel: expect.stringMatching(/^\d+\.\d+/) as unknown,
  })
})
