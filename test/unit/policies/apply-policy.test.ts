import { expect, test } from 'vitest'
import { applyPolicy } from '../../../src/shared/apply-policy.ts'
import { BASIC_SPEC, type SessionSpec } from '../../../src/shared/domain/session.ts'

const SPEC: SessionSpec = {
  ...{ agent: 'shell', command: null, workspace: '/work', level: 'vm', title: null },
  ...{ network: 'ask', grants: [], useSignIn: false, ...BASIC_SPEC, acknowledgement: null },
}
const DEV = { path: '.devcontainer.json', hash: '0'.repeat(64) }

test.each<[string, Partial<SessionSpec>, string | null]>([
  ['a virtual machine', {}, 'node:24'],
  ['a container', { level: 'container' }, 'node:24'],
  ['the OS sandbox', { level: 'os' }, null],
  ['what has an image', { image: 'own' }, 'own'],
  ['a dev container', { level: 'container', devContainer: DEV }, null],
  // A choice for another level says nothing of this one.
  ['a virtual machine that was a dev container', { devContainer: DEV }, 'node:24'],
])('the image of a trusted policy for %s', (_name, more, image) => {
  const policy = { image: 'node:24' }
  expect(applyPolicy({ ...SPEC, ...more }, policy, true).spec.image).toBe(image)
  // Not trusted, it changes nothing.
  expect(applyPolicy({ ...SPEC, ...more }, policy, false).spec).toEqual({ ...SPEC, ...more })
})
