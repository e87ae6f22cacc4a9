import { create } from 'zustand'
import { type WorkspacePolicy, wordsOfProblem } from '../../shared/domain/policy-file.ts'
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

/** A sentence when it was not done. */
export async function savePolicy(
  workspace: string,
  text: string,
  replaces: string | null,
): Promise<string | null> {
  const saved = await ask((api) => api.policy.save({ workspace, text, replaces }))
  await lookForPolicy(workspace)
  if (saved.ok) return null
  const { error } = saved
  if (typeof error === 'string') return error
  if (error.type === 'changed')
    return 'The file was changed meanwhile. What is there now is replaced if you save again.'
  if (error.type === 'unwritable') return `It cannot be written: ${error.detail}`
  const words = wordsOfProblem(error)
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}

export async function distrustPolicy(workspace: string): Promise<void> {
  await ask((api) => api.policy.forget({ workspace }))
  await lookForPolicy(workspace)
}
