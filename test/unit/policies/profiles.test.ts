import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createProfiles } from '../../../src/main/policies/profiles.ts'
import { builtInProfiles } from '../../../src/shared/built-in-profiles.ts'
import { PolicyFile } from '../../../src/shared/domain/policy-file.ts'
import { ProfileName } from '../../../src/shared/domain/profile.ts'
import { temporaryFolder } from '../../helpers/recording.ts'

test('profiles are files that a person can read and change; one that is wrong says where', async () => {
  await using folder = await temporaryFolder()
  const place = join(folder.path, 'profiles')
  const profiles = createProfiles(place)
  expect(await profiles.list()).toEqual([])
  expect(await profiles.save('Nights', { network: 'closed' })).toEqual({ ok: true, value: null })
  expect(JSON.parse(await readFile(join(place, 'Nights.jsonc'), 'utf8'))).toEqual({
    network: 'closed',
  })
  await writeFile(join(place, 'Mine.jsonc'), '{\n // by hand\n "alow": [],\n}')
  await writeFile(join(place, 'notes.txt'), 'no profile')
  expect(await profiles.list()).toMatchObject([
    { name: 'Mine', policy: null, problem: { line: 3, key: 'alow' } },
    { name: 'Nights', policy: { network: 'closed' }, problem: null, origin: 'yours' },
  ])
})

test('a text is kept as it stands, never over another, and only if it is a policy', async () => {
  await using folder = await temporaryFolder()
  const place = join(folder.path, 'profiles')
  const profiles = createProfiles(place)
  const text = '{\n  // why\n  "network": "listed",\n}\n'
  expect(profiles.check(text)).toBeNull()
  expect(await profiles.keep('Ours', text)).toEqual({ ok: true, value: null })
  expect(await readFile(join(place, 'Ours.jsonc'), 'utf8')).toBe(text)
  expect(await profiles.keep('Ours', '{}')).toEqual({ ok: false, error: { type: 'taken' } })
  expect(await readFile(join(place, 'Ours.jsonc'), 'utf8')).toBe(text)
  expect(await profiles.keep('Other', '{\n "alow": []\n}')).toEqual({
    ok: false,
    error: { type: 'wrong', line: 2, key: 'alow', reason: 'there is no such key' },
  })
  expect(profiles.check('{ "alow": [] }')).toMatchObject({ key: 'alow' })
  // Nothing is left of what was refused.
  expect(await readdir(place)).toEqual(['Ours.jsonc'])
})

test.each(['../x', '.hidden', '', 'a/b', 'x'.repeat(65)])('%j is no name of a profile', (name) => {
  expect(ProfileName.safeParse(name).success).toBe(false)
})

test('those that come with Cloche are policies, with the registries of this machine’s tools', () => {
  const profiles = builtInProfiles([
    { id: 'npm', title: 'npm', hosts: [{ host: 'npm.example.org', why: 'npm’s registry' }] },
    { id: 'github', title: 'GitHub', hosts: [{ host: 'github.com', why: 'code' }] },
  ])
  for (const { policy } of profiles) expect(PolicyFile.safeParse(policy).success).toBe(true)
  expect(profiles.find(({ name }) => name === 'Workspace and registries')?.policy?.allow).toEqual([
    'npm.example.org',
  ])
})
