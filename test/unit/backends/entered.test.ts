import { expect, test } from 'vitest'
import { difference } from '../../../src/main/backends/entered.ts'
import { type KernelFacts, NAMESPACES } from '../../../src/main/backends/kernel-facts.ts'

const NONE = '0000000000000000'
const agent: KernelFacts = {
  noNewPrivs: '1',
  seccomp: '2',
  capabilities: [NONE, NONE, NONE, NONE],
  namespaces: Object.fromEntries(NAMESPACES.map((name) => [name, `${name}:[1]`])),
  interfaces: ['lo'],
  mounts: [],
}

test('what stands exactly as the agent does may run', () => {
  expect(difference(agent, agent)).toBeNull()
})

test.each(NAMESPACES)('what is in another %s namespace does not run', (name) => {
  const namespaces = { ...agent.namespaces, [name]: `${name}:[2]` }
  expect(difference(agent, { ...agent, namespaces })).toContain(name)
  const { [name]: _, ...unread } = agent.namespaces
  expect(difference(agent, { ...agent, namespaces: unread })).toContain(name)
})

test.each([
  ['0', 'absent'],
  ['1', 'strict'],
])('what no filter holds does not run (%s)', (seccomp) => {
  expect(difference(agent, { ...agent, seccomp })).toContain('filter')
})

test('what could gain rights does not run', () => {
  expect(difference(agent, { ...agent, noNewPrivs: '0' })).toContain('gain')
})

test.each([0, 1, 2, 3])('what has a right of its own does not run (set %i)', (at) => {
  const capabilities = agent.capabilities.with(at, '0000000000000400')
  expect(difference(agent, { ...agent, capabilities })).toContain('rights')
  expect(
    difference(agent, { ...agent, capabilities: agent.capabilities.with(at, 'absent') }),
  ).toContain('rights')
})
