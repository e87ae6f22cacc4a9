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

const MODEL = 'hosts that rules allow stay reachable, the model’s among them'

/** `permission` of OpenCode: one answer for all, for a tool, or for what a tool is used on. */
export function fromOpenCode(config: unknown): Mapped {
  const mapping = createMapping()
  const { permission, ...others } = recordOf(config)
  if (typeof permission === 'string') mapping.drop(`permission ${permission}`, TOOLS)
  for (const [tool, answer] of Object.entries(recordOf(permission)))
    for (const [pattern, action] of typeof answer === 'string'
      ? [['*', answer]]
      : Object.entries(recordOf(answer)))
      ofTool(mapping, tool, pattern ?? '*', action)
  for (const key of Object.keys(others))
    if (key !== '$schema') mapping.drop(key, 'it is no matter of the boundary')
  return mapping.done()
}

/** Its `*` stands for slashes as well. */
function ofTool(mapping: Mapping, tool: string, pattern: string, action: unknown): void {
  const isAll = pattern === '*'
  const key = `permission.${tool}${isAll ? '' : ` ${pattern}`}`
  const path = pattern.replace(/^\$HOME\//, '~/').replace(/\/\*+$/, '')
  const isPlain = !/[*?]/.test(path)
  if (tool === 'edit' && action === 'deny')
    mapping.file(key, isAll ? '.' : anywhere(pattern), 'read', EVERY_PROGRAM)
  else if (tool === 'read' && action === 'deny' && !isAll)
    mapping.file(key, anywhere(pattern), 'deny', EVERY_PROGRAM)
  else if (tool === 'external_directory' && action === 'allow' && isPlain)
    mapping.file(key, path, 'write', EVERY_PROGRAM)
  else if (tool === 'external_directory' && action === 'deny')
    mapping.drop(key, 'nothing outside of the workspace is let in anyway')
  else if (tool === 'webfetch' && action === 'deny' && isAll) mapping.network(key, 'listed', MODEL)
  else mapping.drop(key, TOOLS)
}

const anywhere = (pattern: string): string =>
  pattern.startsWith('*') ? `**/${pattern}` : ofWorkspace(pattern)

/** A policy of Gemini CLI, parsed: what its tools may do. */
export function fromGemini(policy: unknown): Mapped {
  const mapping = createMapping()
  const rules = recordOf(policy)['rule']
  for (const rule of Array.isArray(rules) ? rules : []) {
    const { toolName, decision, ...when } = recordOf(rule)
    const isAlways = Object.keys(when).every((key) => OF_NO_CALL.includes(key))
    for (const tool of typeof toolName === 'string' ? [toolName] : listOf(toolName)) {
      const key = `rule ${tool} ${String(decision)}`
      const isDenied = decision === 'deny' && isAlways
      if (isDenied && (tool === 'write_file' || tool === 'replace'))
        mapping.file(key, '.', 'read', EVERY_PROGRAM)
      else if (isDenied && tool === 'web_fetch') mapping.network(key, 'listed', MODEL)
      else mapping.drop(key, TOOLS)
    }
    if (toolName === undefined) mapping.drop(`rule ${String(decision)}`, TOOLS)
  }
  for (const key of Object.keys(recordOf(policy)))
    if (key !== 'rule') mapping.drop(key, 'it is no matter of the boundary')
  return mapping.done()
}

/** What a rule may have and still speak of every call of its tool. */
const OF_NO_CALL = ['priority', 'denyMessage']

/** A rule of OpenSnitch. */
export function fromOpenSnitch(rule: unknown): Mapped {
  const mapping = createMapping()
  const { name, action, enabled, operator } = recordOf(rule)
  const key = `rule ${String(name)}`
  const kind = action === 'allow' ? 'allow' : 'deny'
  const parts = recordOf(operator)['list']
  const operators = (Array.isArray(parts) ? parts : [operator]).map(recordOf)
  const hosts = operators.filter(
    ({ operand }) => operand === 'dest.host' || operand === 'dest.ip' || operand === 'dest.network',
  )
  if (enabled === false) mapping.drop(key, 'it is switched off')
  else if (hosts.length === 0) mapping.drop(key, 'it names no host')
  else
    for (const { type, data } of hosts) {
      if ((type !== 'simple' && type !== 'network') || typeof data !== 'string')
        mapping.drop(key, 'its host is a pattern')
      else if (operators.length > hosts.length && kind === 'allow')
        mapping.drop(key, 'it allows one program only; a prompt’s answer can do that here')
      else if (operators.length > hosts.length)
        mapping.host(`${key} ${data}`, kind, data, 'for every program')
      else mapping.host(`${key} ${data}`, kind, data)
    }
  return mapping.done()
}

/** A `.lsrules` list of Little Snitch: mostly hosts to block. */
export function fromLittleSnitch(list: unknown): Mapped {
  const mapping = createMapping()
  const all = recordOf(list)
  for (const domain of listOf(all['denied-remote-domains'])) {
    mapping.host(`denied-remote-domains ${domain}`, 'deny', domain)
    mapping.host(`denied-remote-domains ${domain}`, 'deny', `*.${domain}`)
  }
  for (const key of ['denied-remote-hosts', 'denied-remote-addresses'])
    for (const host of listOf(all[key])) mapping.host(`${key} ${host}`, 'deny', host)
  for (const rule of Array.isArray(all['rules']) ? all['rules'] : []) {
    const { action, process, disabled, ...where } = recordOf(rule)
    const key = `rules ${String(action)}`
    const names = ['remote-hosts', 'remote-domains', 'remote-addresses'].flatMap((each) => {
      const value = where[each]
      const list = typeof value === 'string' ? [value] : listOf(value)
      return each === 'remote-domains' ? list.flatMap((name) => [name, `*.${name}`]) : list
    })
    if (disabled === true) mapping.drop(key, 'it is switched off')
    else if (names.length === 0) mapping.drop(key, 'it names no host')
    else if (process !== undefined && process !== 'any')
      mapping.drop(key, 'it is for one program; a prompt’s answer can do that here')
    else
      for (const name of names)
        mapping.host(`${key} ${name}`, action === 'allow' ? 'allow' : 'deny', name)
  }
  return mapping.done()
}
