import { expect, test } from 'vitest'
import type { FileEntry } from '../../../../src/main/backends/files/entries.ts'
import { directShares } from '../../../../src/main/backends/vm/direct-shares.ts'
import type { PlanInput } from '../../../../src/main/core/isolation/plan.ts'
import { PLAIN_PLAN } from '../../../helpers/plan.ts'

const HOME = '/Users/ada'
const W = `${HOME}/work`
const OWN = '/data/homes/x'
const plan = (mounts: PlanInput['mounts'] = []): PlanInput => ({
  ...PLAIN_PLAN,
  ...{ level: 'vm', workspace: W, home: HOME, user: 'ada', image: 'it', argv: ['tool'], mounts },
})
const entry = (path: string, access: FileEntry['access']): FileEntry => ({
  ...{ path, kind: 'folder', access, origin: 'person', absent: null },
})
const isFile = (path: string): boolean => path.endsWith('.pem')
const shown = (...given: Parameters<typeof directShares>) =>
  directShares(...given).shares.map(({ path, source, access }) => [path, source, access])

test('the home inside is a folder of ours, and the workspace lies in it', () => {
  expect(shown(plan(), [], OWN, isFile)).toEqual([
    [HOME, OWN, 'write'],
    [W, W, 'write'],
  ])
})

test('what lies in a share at its very place comes with it, and everything else by itself', () => {
  const mounts = [
    { source: `${OWN}/.agent`, target: `${HOME}/.agent`, access: 'write' },
    { source: '/data/other', target: `${HOME}/.other`, access: 'write' },
    { source: `${W}/part`, target: `${W}/part`, access: 'read' },
    { source: '/Users/ada/.tool', target: '/Users/ada/.tool', access: 'read' },
  ] as const
  const { shares } = directShares(plan(mounts), [], OWN, isFile)
  expect(shares.map(({ path, source, access }) => [path, source, access])).toEqual([
    [HOME, OWN, 'write'],
    [W, W, 'write'],
    [`${HOME}/.tool`, `${HOME}/.tool`, 'read'],
    [`${HOME}/.other`, '/data/other', 'write'],
  ])
  expect(new Set(shares.map(({ tag }) => tag)).size).toBe(shares.length)
})

test('rules in the workspace are for the profile around QEMU; those elsewhere add folders or nothing', () => {
  const rules = [
    entry(`${W}/.git/hooks`, 'read'),
    entry(`${W}/.env`, 'mask'),
    entry('/Users/ada/reference', 'read'),
    entry('/Users/ada/shared', 'write'),
    entry('/Users/ada/secret', 'deny'),
  ]
  expect(shown(plan(), rules, OWN, isFile).slice(2)).toEqual([
    ['/Users/ada/shared', '/Users/ada/shared', 'write'],
    ['/Users/ada/reference', '/Users/ada/reference', 'read'],
  ])
})

test('a single file comes as a copy; one to write cannot', () => {
  const trust = { source: '/data/trust.pem', target: '/etc/ssl/all.pem', access: 'read' } as const
  expect(directShares(plan([trust]), [], OWN, isFile)).toMatchObject({
    copies: [{ path: '/etc/ssl/all.pem', source: '/data/trust.pem' }],
    refused: null,
  })
  const written = entry('/Users/ada/own.pem', 'write')
  expect(directShares(plan(), [written], OWN, isFile).refused).toBe('/Users/ada/own.pem')
})
