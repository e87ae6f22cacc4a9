import type { FileAccess, FileRule } from '../../../shared/domain/files.ts'
import type { PolicyFile } from '../../../shared/domain/policy-file.ts'
import {
  createMapping,
  EVERY_PROGRAM,
  listOf,
  type Mapped,
  type Mapping,
  ofWorkspace,
  recordOf,
  TOOLS,
} from './mapping.ts'
import { approximately, exactly, type Said, type Saying } from './saying.ts'

/** Settings of Claude Code: `permissions` and `sandbox`, which write paths in two ways. */
export function fromClaude(settings: unknown): Mapped {
  const mapping = createMapping()
  const { permissions, sandbox, ...others } = recordOf(settings)
  const rules = recordOf(permissions)
  for (const kind of ['allow', 'ask', 'deny'] as const)
    for (const rule of listOf(rules[kind])) permission(mapping, kind, rule)
  for (const folder of listOf(rules['additionalDirectories']))
    mapping.file(`permissions.additionalDirectories ${folder}`, folder, 'write')
  for (const key of ['defaultMode', 'disableBypassPermissionsMode', 'disableAutoMode'])
    if (rules[key] !== undefined)
      mapping.drop(
        `permissions.${key}`,
        'how the agent asks is its own; the boundary does not ask it',
      )
  fromSandbox(mapping, recordOf(sandbox), 'sandbox.')
  for (const key of Object.keys(others))
    if (key !== '$schema') mapping.drop(key, 'it is no matter of the boundary')
  return mapping.done()
}

/** `Tool` or `Tool(what)`. Here `//x` is absolute and `/x` is of the project. */
function permission(mapping: Mapping, kind: 'allow' | 'ask' | 'deny', rule: string): void {
  const key = `permissions.${kind} ${rule}`
  const [, tool = rule, what = ''] = /^(\w+)\((.*)\)$/.exec(rule) ?? []
  if (tool === 'WebFetch' && what.startsWith('domain:')) {
    if (kind === 'ask') return mapping.drop(key, 'hosts without a rule ask by themselves')
    return mapping.host(key, kind, what.slice('domain:'.length), EVERY_PROGRAM)
  }
  const isRead = tool === 'Read'
  if (!isRead && !['Edit', 'Write', 'MultiEdit', 'NotebookEdit'].includes(tool))
    return mapping.drop(key, TOOLS)
  if (what === '' || kind === 'ask')
    return mapping.drop(key, 'the boundary decides by paths, and before anything runs')
  const path = what.startsWith('//')
    ? what.slice(1)
    : what.startsWith('/')
      ? what.slice(1)
      : ofWorkspace(what)
  if (kind === 'deny') return mapping.file(key, path, isRead ? 'deny' : 'read', EVERY_PROGRAM)
  const isOutside = path.startsWith('/') || path.startsWith('~')
  if (!isOutside) return mapping.drop(key, 'the workspace is read and written anyway')
  mapping.file(key, path, isRead ? 'read' : 'write', EVERY_PROGRAM)
}

/** Of Claude Code and of sandbox-runtime: the same keys. `/x` is absolute here. */
export function fromSandbox(
  mapping: Mapping,
  { filesystem, network, credentials, ...others }: Readonly<Record<string, unknown>>,
  prefix: string,
): void {
  const files = recordOf(filesystem)
  const OF_KEY = {
    allowWrite: 'write',
    denyWrite: 'read',
    denyRead: 'deny',
    allowRead: 'read',
  } as const
  for (const [key, access] of Object.entries(OF_KEY))
    for (const path of listOf(files[key]))
      mapping.file(`${prefix}filesystem.${key} ${path}`, ofWorkspace(path), access)
  const net = recordOf(network)
  for (const host of listOf(net['deniedDomains']))
    mapping.host(`${prefix}network.deniedDomains ${host}`, 'deny', host)
  for (const host of listOf(net['allowedDomains']))
    mapping.host(`${prefix}network.allowedDomains ${host}`, 'allow', host)
  if (net['strictAllowlist'] === true) mapping.network(`${prefix}network.strictAllowlist`, 'listed')
  if (net['strictAllowlist'] === false)
    mapping.same(`${prefix}network.strictAllowlist`, 'network: ask')
  const known = ['allowedDomains', 'deniedDomains', 'strictAllowlist']
  for (const key of Object.keys(net).filter((each) => !known.includes(each)))
    mapping.drop(`${prefix}network.${key}`, 'the network of a session has no such way around')
  const kept = recordOf(credentials)
  for (const entry of Array.isArray(kept['files']) ? kept['files'] : []) {
    const { path, mode } = recordOf(entry)
    if (typeof path === 'string')
      mapping.file(
        `${prefix}credentials.files ${path}`,
        ofWorkspace(path),
        mode === 'mask' ? 'mask' : 'deny',
      )
  }
  if (kept['envVars'] !== undefined)
    mapping.drop(`${prefix}credentials.envVars`, 'no variable is inside unless it is let in')
  for (const key of Object.keys(others))
    mapping.drop(`${prefix}${key}`, 'the boundary around the agent does not depend on it')
}

/** So that the agent's own prompts agree with the boundary. */
export function toClaude({ network, allow = [], deny = [], files = [] }: PolicyFile): object {
  const reached = network === 'closed' ? [] : allow
  const of = (access: string): string[] =>
    files.filter((rule) => rule.access === access).map(({ path }) => sandboxPath(path))
  return {
    permissions: {
      allow: reached.map((host) => `WebFetch(domain:${host})`),
      deny: [
        ...deny.map((host) => `WebFetch(domain:${host})`),
        ...files
          .filter(({ access }) => access === 'deny' || access === 'mask')
          .map(({ path }) => `Read(${rulePath(path)})`),
        ...files
          .filter(({ access }) => access === 'read')
          .map(({ path }) => `Edit(${rulePath(path)})`),
      ],
    },
    sandbox: {
      filesystem: {
        allowWrite: of('write'),
        denyWrite: of('read'),
        denyRead: [...of('deny'), ...of('mask')],
      },
      network: {
        allowedDomains: reached,
        deniedDomains: deny,
        strictAllowlist: network === 'listed' || network === 'closed',
      },
    },
  }
}

export const CLAUDE_SAYING: Saying = {
  network: (mode) =>
    exactly(
      mode === 'ask'
        ? 'sandbox.network.strictAllowlist = false'
        : 'sandbox.network.strictAllowlist = true',
    ),
  host: (kind) =>
    exactly(kind === 'allow' ? 'sandbox.network.allowedDomains' : 'sandbox.network.deniedDomains'),
  file: (rule) => sandboxFile(rule, 'sandbox.'),
}

/** Of both tools that have this sandbox. */
export function sandboxFile({ path, access }: FileRule, prefix: string): Said {
  const key = `${prefix}filesystem.${SANDBOX_KEYS[access]}`
  if (access === 'mask') return approximately(key, 'it cannot be read, rather than look empty')
  return /[*?[]/.test(path)
    ? approximately(key, 'its sandbox knows no patterns on Linux')
    : exactly(key)
}

const SANDBOX_KEYS: Readonly<Record<FileAccess, string>> = {
  ...{ write: 'allowWrite', read: 'denyWrite', deny: 'denyRead', mask: 'denyRead' },
}

const sandboxPath = (path: string): string =>
  path.startsWith('/') || path.startsWith('~') ? path : `./${path}`
const rulePath = (path: string): string =>
  path.startsWith('/') ? `/${path}` : path.startsWith('~') ? path : `./${path}`
