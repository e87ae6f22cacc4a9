import { createMapping, listOf, type Mapped, recordOf } from './mapping.ts'

const TOOLS = 'tools and commands are the agent’s; the boundary knows files and hosts'

/** `permission` of OpenCode. */
export function fromOpenCode(config: unknown): Mapped {
  const mapping = createMapping()
  const { permission, ...others } = recordOf(config)
  for (const [tool, action] of Object.entries(recordOf(permission))) {
    const key = `permission.${tool}`
    if (tool === 'edit' && action === 'deny')
      mapping.file(key, '.', 'read', 'held for every program, not only for the agent’s own tools')
    else if (tool === 'webfetch' && action === 'deny')
      mapping.network(
        key,
        'listed',
        'hosts that rules allow stay reachable, the model’s among them',
      )
    else mapping.drop(key, TOOLS)
  }
  for (const key of Object.keys(others))
    if (key !== '$schema') mapping.drop(key, 'it is no matter of the boundary')
  return mapping.done()
}

/** A policy of Gemini CLI, parsed: what its tools may do. */
export function fromGemini(policy: unknown): Mapped {
  const mapping = createMapping()
  const rules = recordOf(policy)['rule']
  for (const rule of Array.isArray(rules) ? rules : []) {
    const { toolName, decision } = recordOf(rule)
    const key = `rule ${String(toolName)} ${String(decision)}`
    const isWrite = toolName === 'write_file' || toolName === 'replace'
    if (isWrite && decision === 'deny')
      mapping.file(key, '.', 'read', 'held for every program, not only for the agent’s own tools')
    else if (toolName === 'web_fetch' && decision === 'deny')
      mapping.network(
        key,
        'listed',
        'hosts that rules allow stay reachable, the model’s among them',
      )
    else mapping.drop(key, TOOLS)
  }
  return mapping.done()
}

/** A rule of OpenSnitch. */
export function fromOpenSnitch(rule: unknown): Mapped {
  const mapping = createMapping()
  const { name, action, enabled, operator } = recordOf(rule)
  const key = `rule ${String(name)}`
  const kind = action === 'allow' ? 'allow' : 'deny'
  const parts = recordOf(operator)['list']
  const operators = (Array.isArray(parts) ? parts : [operator]).map(recordOf)
  const hosts = operators.filter(({ operand }) => operand === 'dest.host' || operand === 'dest.ip')
  if (enabled === false) mapping.drop(key, 'it is switched off')
  else if (hosts.length === 0) mapping.drop(key, 'it names no host')
  else
    for (const { type, data } of hosts) {
      if (type !== 'simple' || typeof data !== 'string') mapping.drop(key, 'its host is a pattern')
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
      return typeof value === 'string' ? [value] : listOf(value)
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
