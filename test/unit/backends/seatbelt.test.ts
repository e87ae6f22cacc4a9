import { describe, expect, test } from 'vitest'
import {
  createSeatbeltBackend,
  privateHome,
  treeOf,
} from '../../../src/main/backends/seatbelt/backend.ts'
import { planSandbox } from '../../../src/main/core/isolation/plan.ts'
import type { SessionId } from '../../../src/shared/domain/ids.ts'
import { PLAIN_PLAN } from '../../helpers/plan.ts'
import { judgeSeatbelt, type SeatbeltFindings } from '../../../src/main/backends/seatbelt/probe.ts'

// The logic around a profile; that macOS enforces it was never run.

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

const REPORT = {
  readable: '# List of acceptable shells',
  secret: 'head: Operation not permitted',
  system: 'refused',
  keychain: 'refused',
  signal: 'refused',
  process: 'refused',
  loopback: 'refused',
  direct: 'refused',
  variables: 'HOME PATH PWD ',
}
const findings = (
  report: Partial<Record<keyof typeof REPORT, string | undefined>> = {},
  seen: Partial<SeatbeltFindings['seen']> = {},
): SeatbeltFindings => ({
  report: new Map(
    Object.entries({ ...REPORT, ...report }).filter(
      (item): item is [string, string] => item[1] !== undefined,
    ),
  ),
  secret: 'c0ffee',
  seen: { wasWritten: false, connections: 0, ...seen },
  variables: ['HOME', 'PATH'],
  atMs: 7,
})
const proven = (found: SeatbeltFindings) =>
  Object.fromEntries(judgeSeatbelt(found).map(({ axis, proven: state }) => [axis, state]))
const ENFORCED = {
  files: 'enforced',
  network: 'enforced',
  processes: 'enforced',
  credentials: 'enforced',
}

describe('the verdict on a Mac', () => {
  test('all refused proves every axis', () => expect(proven(findings())).toEqual(ENFORCED))

  test.each<[string, SeatbeltFindings]>([
    ['files', findings({ secret: 'c0ffee' })],
    ['files', findings({}, { wasWritten: true })],
    ['files', findings({ system: 'written' })],
    ['network', findings({}, { connections: 1 })],
    ['network', findings({ direct: 'connected' })],
    ['processes', findings({ signal: 'reached' })],
    ['processes', findings({ process: 'seen' })],
    ['credentials', findings({ keychain: 'listed' })],
    ['credentials', findings({ variables: 'HOME AWS_SECRET' })],
  ])('a hole opens its axis: %s', (axis, found) => {
    expect(proven(found)).toEqual({ ...ENFORCED, [axis]: 'open' })
  })

  test('what was not reported proves nothing', () => {
    expect(proven(findings({ signal: undefined })).processes).toBe('unknown')
    expect(proven({ ...findings(), report: new Map() })).toEqual({
      files: 'unknown',
      network: 'unknown',
      processes: 'unknown',
      credentials: 'unknown',
    })
  })
})

test('where there is no Seatbelt, the doctor says so', async () => {
  expect(await createSeatbeltBackend({ log: silent }).diagnose()).toMatchObject({
    status: 'missing',
    level: 'os',
  })
})

test('a review is refused: a profile cannot show a copy in the place of the workspace', async () => {
  const plan = planSandbox({
    ...PLAIN_PLAN,
    ...{ level: 'os', workspace: '/Users/ada/work', home: '/Users/ada', user: 'ada' },
    ...{ argv: ['/usr/bin/true'], isReview: true, copy: '/data/copy' },
  })
  const { build } = createSeatbeltBackend({ log: silent })
  expect(await build(plan, 'ses_00000000000000ee' as SessionId)).toMatchObject({
    ok: false,
    error: { part: 'the copy of the workspace', remedy: expect.stringMatching(/^Start in a/) },
  })
})

test('the agent’s home is where its state is kept', () => {
  const home = '/Users/ada'
  const kept = {
    source: '/d/homes/x/.codex',
    target: '/Users/ada/.codex',
    access: 'write' as const,
  }
  expect(privateHome({ home, mounts: [kept] })).toBe('/d/homes/x')
  expect(privateHome({ home, mounts: [] })).toBeNull()
  // A folder of the person's that a session may write to makes nothing else of theirs writable.
  const own = { source: `${home}/shared`, target: `${home}/shared`, access: 'write' as const }
  expect(privateHome({ home, mounts: [own] })).toBeNull()
  expect(privateHome({ home, mounts: [own, kept] })).toBe('/d/homes/x')
})

test('the tree of a process, by a listing', () => {
  expect(treeOf(' 1 0\n 10 1\n 11 10\n 12 11\n 20 1\n', 10)).toEqual([10, 11, 12])
})
