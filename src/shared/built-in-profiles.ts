import type { HostPreset } from './domain/policy.ts'
import type { Profile } from './domain/profile.ts'

const REGISTRIES = ['npm', 'pip', 'cargo', 'go']

/** From the narrowest. `presets`: hosts of this machine's own tools. */
export const builtInProfiles = (presets: readonly HostPreset[]): Profile[] => {
  const registries = presets
    .filter(({ id }) => REGISTRIES.includes(id))
    .flatMap(({ hosts }) => hosts.map(({ host }) => host))
  const profiles: [string, NonNullable<Profile['policy']>][] = [
    ['Read only', { files: [{ path: '.', access: 'read' }], network: 'listed' }],
    ['Workspace', { network: 'ask' }],
    ['Workspace and registries', { network: 'listed', allow: [...new Set(registries)] }],
    ['Container', { level: 'container', network: 'ask' }],
    ['Virtual machine', { level: 'vm', network: 'ask' }],
  ]
  return profiles.map(([name, policy]) => ({
    ...{ name, policy, origin: 'built-in' as const, problem: null, path: null },
  }))
}
