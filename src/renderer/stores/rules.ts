import { create } from 'zustand'
import type { Rule } from '../../shared/domain/policy.ts'
import { follow } from './live.ts'

interface RulesState {
  readonly status: 'loading' | 'ready'
  readonly rules: readonly Rule[]
}

/** Every rule in force, of all sessions and workspaces. */
export const useRules = create<RulesState>(() => ({ status: 'loading', rules: [] }))

export const followRules = (): (() => void) =>
  follow<Rule[], Rule[]>((api, onFrame) => api.rule.list(null, onFrame), {
    snapshot: (rules) => useRules.setState({ status: 'ready', rules }),
    delta: (rules) => useRules.setState({ rules }),
  })
