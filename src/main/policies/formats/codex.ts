import { stringify } from 'smol-toml'
import type { PolicyFile } from '../../../shared/domain/policy-file.ts'
import {
  createMapping,
  listOf,
  type Mapped,
  type Mapping,
  ofWorkspace,
  recordOf,
} from './mapping.ts'

const ITS_OWN = 'how the agent asks is its own; the wall does not ask it'

/** `config.toml` of Codex, parsed: the classic keys, or the profile that `default_permissions` names. */
export function fromCodex(config: unknown): Mapped {
  const mapping = createMapping()
  const { sandbox_mode, sandbox_workspace_write, default_permissions, permissions, ...others } =
    recordOf(config)
  const mode = sandbox_mode ?? builtIn(default_permissions)
  if (mode === 'read-only') mapping.file('sandbox_mode read-only', '.', 'read')
  else if (mode === 'danger-full-access')
    mapping.drop(
      'sandbox_mode danger-full-access',
      'a session without a boundary is a person’s act',
    )
  const classic = recordOf(sandbox_workspace_write)
  for (const root of listOf(classic['writable_roots']))
    mapping.file('sandbox_workspace_write.writable_roots', root, 'write')
  if (sandbox_mode !== undefined && mode !== 'danger-full-access') {
    if (classic['network_access'] === true)
      mapping.network('network_access true', 'ask', 'every host asks until there is a rule for it')
    else mapping.network('network_access false', 'closed')
  }
  const name = typeof default_permissions === 'string' ? default_permissions : ''
  const profile = recordOf(permissions)[name]
  if (profile !== undefined) fromProfile(mapping, recordOf(profile), `permissions.${name}`)
  for (const other of Object.keys(recordOf(permissions)).filter((each) => each !== name))
    mapping.drop(`permissions.${other}`, 'it is not the one that default_permissions names')
  for (const key of Object.keys(others)) mapping.drop(key, ITS_OWN)
  return mapping.done()
}

const builtIn = (name: unknown): unknown =>
  name === ':read-only'
    ? 'read-only'
    : name === ':danger-full-access'
      ? 'danger-full-access'
      : undefined

function fromProfile(
  mapping: Mapping,
  { filesystem, network, extends: base }: Readonly<Record<string, unknown>>,
  prefix: string,
): void {
  if (base === ':read-only') mapping.file(`${prefix}.extends`, '.', 'read')
  for (const [path, access] of Object.entries(recordOf(filesystem))) {
    const key = `${prefix}.filesystem`
    if (path.startsWith(':')) {
      if (path === ':workspace_roots' || path === ':project_roots') {
        if (access === 'read') mapping.file(`${key} ${path}`, '.', 'read')
      } else mapping.drop(`${key} ${path}`, 'what of the system is seen is the boundary’s')
    } else if (access === 'read' || access === 'write') mapping.file(key, ofWorkspace(path), access)
    else if (access === 'deny' || access === 'none') mapping.file(key, ofWorkspace(path), 'deny')
    else mapping.drop(`${key} ${path}`, 'it is no access that is known')
  }
  const { enabled, mode, domains, ...rest } = recordOf(network)
  if (enabled === false) mapping.network(`${prefix}.network.enabled false`, 'closed')
  else if (mode === 'limited') mapping.network(`${prefix}.network.mode limited`, 'listed')
  else if (mode === 'full' || enabled === true)
    mapping.network(`${prefix}.network`, 'ask', 'every host asks until there is a rule for it')
  for (const [host, action] of Object.entries(recordOf(domains)))
    mapping.host(`${prefix}.network.domains`, action === 'allow' ? 'allow' : 'deny', host)
  for (const key of Object.keys(rest))
    mapping.drop(`${prefix}.network.${key}`, 'the network of a session has no such way around')
}

/** As a profile of Codex, in TOML. */
export function toCodex({ network, allow = [], deny = [], files = [] }: PolicyFile): string {
  const access = { read: 'read', write: 'write', deny: 'deny', mask: 'deny' } as const
  const isReadOnly = files.some((rule) => rule.path === '.' && rule.access === 'read')
  return stringify({
    default_permissions: 'cloche',
    permissions: {
      cloche: {
        extends: isReadOnly ? ':read-only' : ':workspace',
        filesystem: Object.fromEntries(
          files.filter(({ path }) => path !== '.').map((rule) => [rule.path, access[rule.access]]),
        ),
        network: {
          enabled: network !== 'closed',
          ...(network === 'listed' ? { mode: 'limited' } : {}),
          domains: Object.fromEntries([
            ...allow.map((host) => [host, 'allow']),
            ...deny.map((host) => [host, 'deny']),
          ]),
        },
      },
    },
  })
}
