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
import { approximately, exactly, notAtAll, type Saying } from './saying.ts'

const ITS_OWN = 'how the agent asks is its own; the boundary does not ask it'

/** `config.toml` of Codex, parsed: the classic keys, or the profile that `default_permissions` names. */
export function fromCodex(config: unknown): Mapped {
  const mapping = createMapping()
  const { sandbox_mode, sandbox_workspace_write, default_permissions, permissions, ...others } =
    recordOf(config)
  const mode = sandbox_mode ?? builtIn(default_permissions)
  if (mode === 'read-only') mapping.file('sandbox_mode read-only', '.', 'read')
  else if (mode === 'workspace-write')
    mapping.same('sandbox_mode workspace-write', 'files: . write')
  else if (mode === 'danger-full-access')
    mapping.drop(
      'sandbox_mode danger-full-access',
      'a session without a boundary is a person’s act',
    )
  const classic = recordOf(sandbox_workspace_write)
  for (const root of listOf(classic['writable_roots']))
    mapping.file('sandbox_workspace_write.writable_roots', root, 'write')
  for (const key of Object.keys(classic))
    if (key !== 'writable_roots' && key !== 'network_access')
      mapping.drop(`sandbox_workspace_write.${key}`, 'a session has a temporary folder of its own')
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
  {
    filesystem,
    network,
    extends: base,
    workspace_roots: roots,
    ...others
  }: Readonly<Record<string, unknown>>,
  prefix: string,
): void {
  if (base === ':read-only') mapping.file(`${prefix}.extends`, '.', 'read')
  else if (base === ':workspace') mapping.same(`${prefix}.extends`, 'files: . write')
  else if (base !== undefined) mapping.drop(`${prefix}.extends`, 'it is no profile of every Codex')
  for (const [root, isOne] of Object.entries(recordOf(roots)))
    if (isOne === true)
      mapping.file(
        `${prefix}.workspace_roots ${root}`,
        root,
        base === ':read-only' ? 'read' : 'write',
      )
  for (const key of Object.keys(others))
    mapping.drop(`${prefix}.${key}`, 'a policy has no place for it')
  for (const [path, access] of Object.entries(recordOf(filesystem)))
    fromFile(mapping, `${prefix}.filesystem ${path}`, path, access)
  const { enabled, mode, domains, ...rest } = recordOf(network)
  const actions = Object.entries(recordOf(domains))
  const isListed = mode === 'limited' || actions.some(([, action]) => action === 'allow')
  if (enabled === false) mapping.network(`${prefix}.network.enabled false`, 'closed')
  else if (isListed)
    mapping.network(`${prefix}.network`, 'listed', 'Codex may ask for hosts that are not listed')
  else if (mode === 'full' || enabled === true)
    mapping.network(`${prefix}.network`, 'ask', 'every host asks until there is a rule for it')
  if (mode === 'limited')
    mapping.drop(
      `${prefix}.network.mode limited`,
      'requests that only read are a rule’s matter, host by host',
    )
  for (const [host, action] of actions)
    mapping.host(`${prefix}.network.domains ${host}`, action === 'allow' ? 'allow' : 'deny', host)
  for (const key of Object.keys(rest))
    mapping.drop(`${prefix}.network.${key}`, 'the network of a session has no such way around')
}

const isRoots = (path: string): boolean => path === ':workspace_roots' || path === ':project_roots'

/** A table below a path has paths of its own, relative to it. */
function fromFile(mapping: Mapping, key: string, path: string, access: unknown): void {
  const below = Object.entries(recordOf(access))
  if (below.length > 0) {
    for (const [part, one] of below)
      if (isRoots(path)) fromFile(mapping, `${key} ${part}`, part, one)
      else mapping.drop(`${key} ${part}`, 'what of the system is seen is the boundary’s')
  } else if (isRoots(path)) fromFile(mapping, key, '.', access)
  else if (path.startsWith(':')) mapping.drop(key, 'what of the system is seen is the boundary’s')
  else if (path === 'glob_scan_max_depth')
    mapping.drop(key, 'patterns are looked for in every depth')
  else if (access === 'read' || access === 'write') mapping.file(key, ofWorkspace(path), access)
  else if (access === 'deny' || access === 'none') mapping.file(key, ofWorkspace(path), 'deny')
  else mapping.drop(key, 'it is no access that is known')
}

/** As a profile of Codex, in TOML. Its lists of hosts are held by its proxy alone, which is a feature to turn on. */
export function toCodex({ network, allow = [], deny = [], files = [] }: PolicyFile): string {
  const access = { read: 'read', write: 'write', deny: 'deny', mask: 'deny' } as const
  const isReadOnly = files.some((rule) => rule.path === '.' && rule.access === 'read')
  const of = (isOwn: boolean): object =>
    Object.fromEntries(
      files
        .filter(({ path }) => path !== '.' && isOfWorkspace(path) === isOwn)
        .map((rule) => [rule.path, access[rule.access]]),
    )
  const inside = of(true)
  return stringify({
    default_permissions: 'cloche',
    features: { network_proxy: network !== 'closed' },
    permissions: {
      cloche: {
        extends: isReadOnly ? ':read-only' : ':workspace',
        filesystem: {
          ...of(false),
          ...(Object.keys(inside).length > 0 ? { ':workspace_roots': inside } : {}),
        },
        network: {
          enabled: network !== 'closed',
          domains: Object.fromEntries([
            ...allow.map((host) => [host, 'allow']),
            ...deny.map((host) => [host, 'deny']),
          ]),
        },
      },
    },
  })
}

const isOfWorkspace = (path: string): boolean => !/^[/~]/.test(path)

export const CODEX_SAYING: Saying = {
  network: (mode) =>
    mode === 'closed'
      ? exactly('network.enabled = false')
      : mode === 'listed'
        ? approximately('network.domains', 'Codex may ask for hosts that are not listed')
        : approximately('network.domains', 'whether Codex asks is its approval_policy’s'),
  host: (kind, host) => exactly(`network.domains "${host}" = "${kind}"`),
  file: ({ path, access }) => {
    const hasPattern = /[*?[]/.test(path.replace(/\/\*\*$/, ''))
    if (path === '.')
      return access === 'read' || access === 'write'
        ? exactly(`extends = ":${access === 'read' ? 'read-only' : 'workspace'}"`)
        : notAtAll('the workspace itself cannot be closed there')
    if (hasPattern && (access === 'read' || access === 'write'))
      return notAtAll('patterns are only for what is denied there')
    const key = isOfWorkspace(path) ? 'filesystem.":workspace_roots"' : 'filesystem'
    return access === 'mask'
      ? approximately(`${key} "${path}" = "deny"`, 'it cannot be opened, rather than look empty')
      : exactly(`${key} "${path}" = "${access}"`)
  },
}
