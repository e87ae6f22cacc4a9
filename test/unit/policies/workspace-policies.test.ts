import { readFileSync } from 'node:fs'
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { parsePolicy } from '../../../src/main/policies/parse-policy.ts'
import {
  createWorkspacePolicies,
  type TrustedPolicy,
} from '../../../src/main/policies/workspace-policies.ts'
import { PolicyFile } from '../../../src/shared/domain/policy-file.ts'
import { shellSpec } from '../../helpers/spec.ts'
import { temporaryFolder } from '../../helpers/recording.ts'

describe('a policy file', () => {
  test('may have comments and trailing commas', () => {
    expect(parsePolicy('{ // x\n "network": "listed", /* y */ "allow": ["a.example",], }')).toEqual(
      {
        ok: true,
        value: { network: 'listed', allow: ['a.example'] },
      },
    )
    expect(parsePolicy('{}')).toEqual({ ok: true, value: {} })
  })

  test.each([
    ['{\n "level": "os",\n "networks": "ask"\n}', 3, 'networks', 'there is no such key'],
    ['{\n "level": "os",\n "network": "wide"\n}', 3, 'network', /expected one of/],
    [
      '{\n "files": [\n  { "path": "a", "access": "eat" }\n ]\n}',
      3,
      'files.0.access',
      /expected one of/,
    ],
    [
      '{\n "limits": {\n  "memoryBytes": 1\n }\n}',
      3,
      'limits.memoryBytes',
      /expected number to be >=/,
    ],
    ['{\n "allow": ["http://a"]\n}', 2, 'allow.0', /./],
    ['{\n "level": os\n}', 2, null, 'invalid symbol'],
    ['', 1, null, /empty|value expected/],
    ['[]', 1, null, /expected object/],
    ['['.repeat(200_000), null, null, /nested too deeply/],
  ])('that is wrong is named with its line and key: %#', (text, line, key, reason) => {
    const parsed = parsePolicy(text)
    if (parsed.ok) throw new Error('it is taken')
    expect([parsed.error.line, parsed.error.key]).toEqual([line, key])
    expect(parsed.error.reason).toMatch(reason)
  })

  test('has a published schema, which is that of the code', () => {
    const file = resolve(import.meta.dirname, '../../../resources/policy.schema.json')
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(
      z.toJSONSchema(PolicyFile, { io: 'input' }),
    )
  })
})

describe('a workspace', () => {
  const setUp = async (text?: string) => {
    const folder = await temporaryFolder()
    const saved: TrustedPolicy[][] = []
    const policies = createWorkspacePolicies([], {
      save: (value) => {
        saved.push(value)
        return Promise.resolve()
      },
    })
    const write = async (next: string): Promise<void> => {
      await mkdir(join(folder.path, '.cloche'), { recursive: true })
      await writeFile(join(folder.path, '.cloche/policy.jsonc'), next)
    }
    if (text !== undefined) await write(text)
    return { folder, policies, write, saved, spec: shellSpec(folder.path, 'true') }
  }

  test('without a policy changes nothing', async () => {
    const { policies, folder, spec } = await setUp()
    await using _ = folder
    expect(await policies.look(folder.path)).toBeNull()
    expect(await policies.govern(spec)).toEqual({ ok: true, value: { spec, applied: null } })
  })

  test('whose policy is wrong starts nothing', async () => {
    const { policies, folder, spec } = await setUp('{\n  "levels": "vm"\n}')
    await using _ = folder
    expect(await policies.govern(spec)).toEqual({
      ok: false,
      error: {
        ...{ type: 'policy_refused', path: '.cloche/policy.jsonc', line: 2, key: 'levels' },
        reason: 'there is no such key',
      },
    })
  })

  test('is held to it, and widened only by the very text that is trusted', async () => {
    const text = '{ "network": "listed", "allow": ["a.example"] }'
    const { policies, folder, spec, write, saved } = await setUp(text)
    await using _ = folder
    const governed = async () => {
      const result = await policies.govern({ ...spec, network: 'ask' })
      if (!result.ok) throw new Error(result.error.type)
      return result.value
    }
    expect(await governed()).toMatchObject({
      spec: { network: 'deny', grants: [] },
      applied: { isTrusted: false, held: ['Reached unasked: a.example'] },
    })
    const { hash } = (await policies.look(folder.path))!
    expect(await policies.trust(folder.path, 'f'.repeat(64))).toBe(false)
    expect(await policies.trust(folder.path, hash)).toBe(true)
    expect(saved.at(-1)).toHaveLength(1)
    expect((await governed()).spec.grants).toEqual(['a.example'])
    await write(`${text} `)
    expect((await governed()).spec.grants).toEqual([])
    expect(await policies.look(folder.path)).toMatchObject({ isTrusted: false, trustedText: text })
    await policies.forget(folder.path)
    expect((await policies.look(folder.path))?.trustedText).toBeNull()
  })

  test('is given one by a person, who trusts what they wrote; nothing unseen is replaced', async () => {
    const { policies, folder, spec } = await setUp()
    await using _ = folder
    const text = '{ "allow": ["a.example"] }'
    const save = (next: string, replaces: string | null) =>
      policies.save(folder.path, next, replaces)
    expect(await save('{ "alow": [] }', null)).toMatchObject({
      error: { type: 'wrong', line: 1, key: 'alow' },
    })
    expect(await policies.look(folder.path)).toBeNull()
    expect(await save(text, null)).toEqual({ ok: true, value: null })
    const found = await policies.look(folder.path)
    expect(found).toMatchObject({ text, isTrusted: true })
    expect(await policies.govern(spec)).toMatchObject({
      value: { spec: { grants: ['a.example'] } },
    })
    expect(await save('{}', null)).toEqual({ ok: false, error: { type: 'changed' } })
    expect(await save('{}', found!.hash)).toEqual({ ok: true, value: null })
    expect(readFileSync(join(folder.path, '.cloche/policy.jsonc'), 'utf8')).toBe('{}')
  })

  test('whose policy is a link, or lies behind one, starts nothing', async () => {
    const { policies, folder, spec } = await setUp('{}')
    await using _ = folder
    await using outside = await temporaryFolder()
    await writeFile(join(outside.path, 'policy.jsonc'), '{}')
    await rm(join(folder.path, '.cloche/policy.jsonc'))
    await symlink(join(outside.path, 'policy.jsonc'), join(folder.path, '.cloche/policy.jsonc'))
    expect(await policies.govern(spec)).toMatchObject({ error: { type: 'policy_refused' } })
    await rm(join(folder.path, '.cloche'), { recursive: true })
    await symlink(outside.path, join(folder.path, '.cloche'))
    const found = await policies.look(folder.path)
    expect(found?.problem?.reason).toBe(
      'it is no plain file of this folder, too large, or may not be read',
    )
    expect(await policies.save(folder.path, '{}', found!.hash)).toMatchObject({
      error: { type: 'unwritable' },
    })
    expect(readFileSync(join(outside.path, 'policy.jsonc'), 'utf8')).toBe('{}')
  })
})
