import { useEffect, useState } from 'react'
import type { HostPreset, Rule, RuleDraft } from '../../shared/domain/policy.ts'
import { currentConnection } from '../connection.ts'
import { patternOf } from '../words/rules.ts'
import { useRules } from './rules.ts'
import { ask, useActions } from './session-actions.ts'

/** The same rule once more, as a person would write it. */
const draftOf = (rule: Rule, replaces: RuleDraft['replaces']): RuleDraft => ({
  ...{ replaces, action: rule.action, host: rule.host, port: rule.port, scope: rule.scope },
  ...{ scheme: rule.scheme ?? null, request: rule.request, inspect: rule.inspect },
  forMs: rule.expiresAtMs === null ? null : Math.max(1000, rule.expiresAtMs - Date.now()),
  origin: 'user',
})

const tellDone = (words: string, undo: (() => void) | null): void =>
  useActions.setState({ problem: null, done: { words, undo } })
const tellProblem = (problem: string): void => useActions.setState({ problem })

/** A sentence when it was refused. */
export async function saveRule(draft: RuleDraft): Promise<string | null> {
  const before = useRules.getState().rules.find(({ id }) => id === draft.replaces)
  const saved = await ask((api) => api.rule.save(draft))
  if (!saved.ok) return typeof saved.error === 'string' ? saved.error : saved.error.reason
  const { value: rule } = saved
  tellDone(`Saved: ${rule.action} ${patternOf(rule)}.`, () =>
    before ? void saveRule(draftOf(before, rule.id)) : void revokeRule(rule),
  )
  return null
}

/** Every host of a list at once; undone at once. */
export async function takePreset(
  { title, hosts }: HostPreset,
  scope: Rule['scope'],
): Promise<void> {
  const saved: Rule[] = []
  for (const { host } of hosts) {
    const draft = { action: 'allow', host, port: null, scheme: null, scope, forMs: null } as const
    const rule = await ask((api) => api.rule.save({ ...draft, replaces: null, origin: 'preset' }))
    if (rule.ok) saved.push(rule.value)
    else tellProblem(typeof rule.error === 'string' ? rule.error : rule.error.reason)
  }
  const undo = (): void => {
    for (const rule of saved) void ask((api) => api.rule.remove({ id: rule.id }))
  }
  if (saved.length === hosts.length) tellDone(`${title}: ${saved.length} hosts are allowed.`, undo)
}

export async function revokeRule(rule: Rule): Promise<void> {
  const removed = await ask((api) => api.rule.remove({ id: rule.id }))
  if (!removed.ok)
    return tellProblem(
      typeof removed.error === 'string' ? removed.error : 'This rule was revoked already.',
    )
  tellDone(`Revoked: ${rule.action} ${patternOf(rule)}.`, () => void saveRule(draftOf(rule, null)))
}

/** How many attempts so far a draft would speak of; a sentence when it is no rule. */
export async function reachOfRule(draft: RuleDraft): Promise<number | string> {
  const reach = await ask((api) => api.rule.reach(draft))
  if (reach.ok) return reach.value
  return typeof reach.error === 'string' ? reach.error : reach.error.reason
}

/** Asked of the machine's tools when they are wanted; none until then, and where there is no host. */
export function usePresets(): readonly HostPreset[] {
  const [presets, setPresets] = useState<readonly HostPreset[]>([])
  useEffect(() => {
    let isGone = false
    currentConnection()
      ?.api.rule.presets(null)
      .then((found) => !isGone && setPresets(found))
      // Lists are a comfort: a host can always be typed.
      .catch(() => undefined)
    return () => {
      isGone = true
    }
  }, [])
  return presets
}
