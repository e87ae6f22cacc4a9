import { create } from 'zustand'
import type { WorkspacePolicy } from '../../shared/domain/policy-file.ts'
import { currentConnection } from '../connection.ts'
import { ask } from './session-actions.ts'

interface WorkspacePolicyState {
  /** Of this folder. */
  readonly workspace: string
  /** null: it has none, or it is not known yet. */
  readonly found: WorkspacePolicy | null
}

export const useWorkspacePolicy = create<WorkspacePolicyState>(() => ({
  workspace: '',
  found: null,
}))

export async function lookForPolicy(workspace: string): Promise<void> {
  if (useWorkspacePolicy.getState().workspace !== workspace)
    useWorkspacePolicy.setState({ workspace, found: null })
  const found = await currentConnection()
    ?.api.policy.look({ workspace })
    .catch(() => null)
  if (useWorkspacePolicy.getState().workspace === workspace)
    useWorkspacePolicy.setState({ found: found ?? null })
}

/** A sentence when it was not done. */
export async function trustPolicy(workspace: string, hash: string): Promise<string | null> {
  const trusted = await ask((api) => api.policy.trust({ workspace, hash }))
  await lookForPolicy(workspace)
  if (trusted.ok) return null
  if (typeof trusted.error === 'string') return trusted.error
  return 'The file is another one by now. Read it again.'
}

export async function distrustPolicy(workspace: string): Promise<void> {
  await ask((api) => api.policy.forget({ workspace }))
  await lookForPolicy(workspace)
}
