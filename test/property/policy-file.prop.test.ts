import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyPolicy } from '../../src/shared/apply-policy.ts'
import { IsolationLevel } from '../../src/shared/domain/isolation.ts'
import { FileAccess } from '../../src/shared/domain/files.ts'
import { PolicyFile } from '../../src/shared/domain/policy-file.ts'
import { BASIC_SPEC, type SessionSpec } from '../../src/shared/domain/session.ts'

const NETWORKS = ['closed', 'deny', 'ask'] as const
const host = fc.constantFrom('a.example', '*.b.example', 'c.example', '192.0.2.7')
const file = fc.record({
  path: fc.constantFrom('.env', 'src', '/etc/x', '~/.ssh', '../other', 'a/**'),
  access: fc.constantFrom(...FileAccess.options),
})
const limit = fc.option(fc.integer({ min: 64 * 2 ** 20, max: 2 ** 40 }), { nil: null })
const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined })

const policies: fc.Arbitrary<PolicyFile> = fc.record({
  level: optional(fc.constantFrom('os' as const, 'container' as const, 'vm' as const)),
  network: optional(fc.constantFrom('closed' as const, 'listed' as const, 'ask' as const)),
  allow: optional(fc.uniqueArray(host)),
  deny: optional(fc.uniqueArray(host)),
  files: optional(fc.array(file, { maxLength: 4 })),
  maskSecrets: optional(fc.boolean()),
  inspectTls: optional(fc.boolean()),
  review: optional(fc.boolean()),
  variables: optional(fc.uniqueArray(fc.constantFrom('TOKEN', 'KEY', 'HOME2'))),
  limits: optional(fc.record({ memoryBytes: limit, diskBytes: limit })),
  image: optional(fc.constantFrom('debian:12', 'team/x')),
})

const specs: fc.Arbitrary<SessionSpec> = fc.record({
  ...Object.fromEntries(
    Object.entries(BASIC_SPEC).map(([key, value]) => [key, fc.constant(value)]),
  ),
  agent: fc.constant('command'),
  command: fc.constant('true'),
  workspace: fc.constant('/home/ada/project'),
  level: fc.constantFrom(...IsolationLevel.options),
  title: fc.constant(null),
  network: fc.constantFrom('ask', 'deny', 'closed'),
  grants: fc.uniqueArray(host),
  denies: fc.uniqueArray(host),
  useSignIn: fc.boolean(),
  files: fc.uniqueArray(file, { selector: ({ path }) => path }),
  maskSecrets: fc.boolean(),
  review: fc.boolean(),
  variables: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('TOKEN', 'KEY'),
      source: fc.constant('kept'),
      isSecret: fc.boolean(),
    }),
    { selector: ({ name }) => name },
  ),
  limits: fc.record({ cpuPercent: limit, memoryBytes: limit, processes: limit, diskBytes: limit }),
  image: fc.constantFrom(null, 'own:1'),
  acknowledgement: fc.constantFrom(null, 'unconfined'),
}) as fc.Arbitrary<SessionSpec>

const RANK = { deny: 0, mask: 1, read: 2, write: 3 } as const

/** What of `after` reaches further than `before`. */
function widerIn(before: SessionSpec, after: SessionSpec): string[] {
  const found: string[] = []
  const levels = IsolationLevel.options
  if (levels.indexOf(after.level) < levels.indexOf(before.level)) found.push('level')
  if (NETWORKS.indexOf(after.network) > NETWORKS.indexOf(before.network)) found.push('network')
  if (after.grants.some((each) => !before.grants.includes(each))) found.push('grants')
  if (before.denies.some((each) => !after.denies.includes(each))) found.push('denies')
  if (before.maskSecrets && !after.maskSecrets) found.push('maskSecrets')
  if (before.review && !after.review) found.push('review')
  if (!before.inspectTls && after.inspectTls) found.push('inspectTls')
  if (JSON.stringify(before.variables) !== JSON.stringify(after.variables)) found.push('variables')
  if (before.image !== after.image) found.push('image')
  if (after.useSignIn !== before.useSignIn) found.push('useSignIn')
  for (const key of Object.keys(before.limits) as (keyof SessionSpec['limits'])[]) {
    const [was, is] = [before.limits[key], after.limits[key]]
    if (was !== null && (is === null || is > was)) found.push(key)
  }
  for (const { path, access } of after.files) {
    const was = before.files.find((each) => each.path === path)?.access
    const isInside = !/^[/~]|\.\./.test(path)
    // Without a rule a path of the workspace is written, and one outside is not there.
    const limit = was ? RANK[was] : isInside ? (before.maskSecrets ? 1 : 2) : 1
    if (RANK[access] > limit) found.push(`${path} ${access}`)
  }
  for (const { path } of before.files)
    if (!after.files.some((each) => each.path === path)) found.push(`${path} is gone`)
  return found
}

describe('a workspace’s policy', () => {
  test('never widens a session unless it is trusted', () => {
    fc.assert(
      fc.property(specs, policies, (spec, policy) => {
        const { spec: after } = applyPolicy(spec, policy, false)
        expect(widerIn(spec, after)).toEqual([])
      }),
      { numRuns: 2000 },
    )
  })

  test('does the same twice, and says what it did only once', () => {
    fc.assert(
      fc.property(specs, policies, fc.boolean(), (spec, policy, isTrusted) => {
        const once = applyPolicy(spec, policy, isTrusted)
        const again = applyPolicy(once.spec, policy, isTrusted)
        // Of two rules for one path the last stands, and is applied over the first anew.
        fc.pre(new Set(policy.files?.map(({ path }) => path)).size === (policy.files?.length ?? 0))
        expect(again.spec).toEqual(once.spec)
        expect(again.applied).toEqual([])
      }),
    )
  })

  test('the generators reach what is widened, so the first test can fail', () => {
    const seen = fc
      .sample(fc.tuple(specs, policies), { numRuns: 500, seed: 1 })
      .flatMap(([spec, policy]) => widerIn(spec, applyPolicy(spec, policy, true).spec))
    for (const kind of ['grants', 'inspectTls', 'variables', 'image', '~/.ssh read', 'src write'])
      expect(seen).toContain(kind)
  })
})

test('every policy that is generated is one of the schema', () => {
  fc.assert(
    fc.property(policies, (policy) => {
      expect(PolicyFile.safeParse(JSON.parse(JSON.stringify(policy))).success).toBe(true)
    }),
  )
})
