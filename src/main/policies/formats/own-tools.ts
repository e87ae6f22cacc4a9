import { stringify } from 'smol-toml'
import type { FileRule } from '../../../shared/domain/files.ts'
import type { PolicyFile } from '../../../shared/domain/policy-file.ts'
import { approximately, notAtAll, type Said, type Saying } from './saying.ts'

// What OpenCode and Gemini CLI ask about are their own tools: a command that such a tool runs is under
// none of these rules. They are written so that an agent does not try what the boundary refuses anyway.

const TOOLS_ONLY = 'for its own tools; what its commands do is held by the boundary alone'
const NO_HOSTS = notAtAll('its web tool is allowed or refused as a whole')

const isReadOnly = (files: readonly FileRule[]): boolean =>
  files.some(({ path, access }) => path === '.' && access === 'read')
const isOutside = (path: string): boolean => /^[/~]/.test(path) || path.startsWith('../')
const isReached = (network: PolicyFile['network']): boolean =>
  network !== 'closed' && network !== 'listed'

/** `permission` of OpenCode, where the last of the patterns that fit counts. */
export function toOpenCode({ network, files = [] }: PolicyFile): object {
  const inside = files.filter(({ path }) => path !== '.' && !isOutside(path))
  const outside = files.filter(({ path, access }) => isOutside(path) && access === 'write')
  const edit: Record<string, string> = isReadOnly(files) ? { '*': 'deny' } : {}
  const read: Record<string, string> = {}
  for (const { path, access } of inside) {
    const pattern = path.replace(/^\*\*\//, '*')
    if (access === 'write') edit[`${pattern.replace(/\/$/, '')}/*`] = 'allow'
    else if (access === 'read') edit[pattern] = 'deny'
    else read[pattern] = 'deny'
  }
  const reach = Object.fromEntries(
    outside.map(({ path }) => [`${path.replace(/\/$/, '')}/**`, 'allow']),
  )
  return {
    $schema: 'https://opencode.ai/config.json',
    permission: {
      ...(Object.keys(edit).length > 0 ? { edit } : {}),
      ...(Object.keys(read).length > 0 ? { read } : {}),
      external_directory: { '*': 'deny', ...reach },
      ...(network === undefined ? {} : { webfetch: isReached(network) ? 'ask' : 'deny' }),
    },
  }
}

export const OPENCODE_SAYING: Saying = {
  network: (mode) =>
    approximately(`permission.webfetch = "${isReached(mode) ? 'ask' : 'deny'}"`, TOOLS_ONLY),
  host: () => NO_HOSTS,
  file: ({ path, access }) => {
    if (path === '.')
      return access === 'read'
        ? approximately('permission.edit "*" = "deny"', TOOLS_ONLY)
        : notAtAll('the workspace itself is read and written there')
    if (isOutside(path)) return outsideSaid(path, access)
    return access === 'write'
      ? approximately(`permission.edit "${path}" = "allow"`, TOOLS_ONLY)
      : approximately(
          `permission.${access === 'read' ? 'edit' : 'read'} "${path}" = "deny"`,
          TOOLS_ONLY,
        )
  },
}

function outsideSaid(path: string, access: FileRule['access']): Said {
  if (access === 'write')
    return approximately(`permission.external_directory "${path}" = "allow"`, TOOLS_ONLY)
  return access === 'read'
    ? notAtAll('a folder outside is there for reading and writing alike, or not at all')
    : approximately('permission.external_directory "*" = "deny"', TOOLS_ONLY)
}

/** A policy of Gemini CLI: rules for tools, in TOML. */
export function toGemini({ network, files = [] }: PolicyFile): string {
  const rule = (toolName: string | readonly string[], decision: string) => ({
    ...{ toolName, decision, priority: 900 },
    ...(decision === 'deny' ? { denyMessage: 'The boundary around this session refuses it.' } : {}),
  })
  return stringify({
    rule: [
      ...(isReadOnly(files) ? [rule(['write_file', 'replace'], 'deny')] : []),
      ...(network === undefined
        ? []
        : [rule('web_fetch', isReached(network) ? 'ask_user' : 'deny')]),
    ],
  })
}

export const GEMINI_SAYING: Saying = {
  network: (mode) =>
    approximately(`web_fetch: ${isReached(mode) ? 'ask_user' : 'deny'}`, TOOLS_ONLY),
  host: () => NO_HOSTS,
  file: ({ path, access }) =>
    path === '.' && access === 'read'
      ? approximately('write_file, replace: deny', TOOLS_ONLY)
      : notAtAll('its rules know tools and commands, not paths'),
}
