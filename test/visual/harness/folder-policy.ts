import { builtInProfiles } from '../../../src/shared/built-in-profiles.ts'
import type { Api } from '../../../src/shared/contract/api.ts'
import type { HandlersOf } from '../../../src/shared/contract/define.ts'
import type { Profile } from '../../../src/shared/domain/profile.ts'
import { err, ok } from '../../../src/shared/result.ts'
import { PRESETS } from './events.ts'
import { fakeOtherSettings } from './other-settings.ts'

const OLD = '{\n  // Nothing leaves but for packages.\n  "network": "listed"\n}\n'
const NEW = `{
  // Nothing leaves but for packages.
  "network": "listed",
  "allow": ["registry.npmjs.org"],
  "files": [{ "path": ".env", "access": "mask" }]
}
`

/** The folder of the first session has a policy; that of the scenario `bad-policy` cannot be used. */
export function fakePolicy(scenario: string, seen: string[]): HandlersOf<Api>['policy'] {
  let isTrusted = false
  const kept: Profile[] = []
  const policy = {
    network: 'listed' as const,
    allow: ['registry.npmjs.org'],
    files: [{ path: '.env', access: 'mask' as const }],
  }
  return {
    ...fakeOtherSettings(seen, kept),
    profiles: () =>
      Promise.resolve([
        ...builtInProfiles(PRESETS),
        {
          ...{ name: 'Nights', origin: 'yours' as const, path: '/home/ada/nights.jsonc' },
          ...{ policy: { network: 'closed' as const, maskSecrets: true }, problem: null },
        },
        {
          ...{ name: 'Broken', origin: 'yours' as const, path: '/home/ada/broken.jsonc' },
          ...{ policy: null, problem: { line: 2, key: 'alow', reason: 'there is no such key' } },
        },
        ...kept,
      ]),
    saveProfile: (profile) => {
      seen.push(`profile ${JSON.stringify(profile)}`)
      return Promise.resolve(ok(null))
    },
    look: ({ workspace }) => {
      if (!['policy', 'bad-policy'].includes(scenario) || !workspace.endsWith('lighthouse'))
        return Promise.resolve(null)
      const isBad = scenario === 'bad-policy'
      const problem = { line: 3, key: 'networks', reason: 'there is no such key' }
      return Promise.resolve({
        ...{ text: NEW, hash: 'ab'.repeat(32), trustedText: OLD, isTrusted },
        ...(isBad ? { policy: null, problem } : { policy, problem: null }),
      })
    },
    trust: ({ hash }) => {
      seen.push(`trust ${hash.slice(0, 4)}`)
      isTrusted = true
      return Promise.resolve(ok(null))
    },
    save: ({ text, replaces }) => {
      seen.push(`save ${replaces === null ? 'new' : replaces.slice(0, 4)} ${text}`)
      return Promise.resolve(
        text.includes('oops')
          ? err({ type: 'wrong' as const, line: 2, key: 'oops', reason: 'there is no such key' })
          : ok(null),
      )
    },
    forget: () => {
      isTrusted = false
      return Promise.resolve(ok(null))
    },
  }
}
