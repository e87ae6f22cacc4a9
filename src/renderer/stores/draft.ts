import { create } from 'zustand'
import type { AgentId, AgentInfo } from '../../shared/domain/agent.ts'
import type { IsolationLevel } from '../../shared/domain/isolation.ts'
import { NO_LIMITS } from '../../shared/domain/limits.ts'
import { BASIC_SPEC, type SessionSpec, type StartFailure } from '../../shared/domain/session.ts'
import { splitCommandLine } from '../../shared/command-line.ts'
import { ok, type Result } from '../../shared/result.ts'
import { currentConnection } from '../connection.ts'
import { resetDetails, specOfDetails, useDetails } from './draft-details.ts'
import { useMachine } from './machine.ts'
import { createSession } from './session-actions.ts'
import { setUi } from './ui.ts'

/** The session being put together. Nothing in it is granted unless the person ticked it. */
interface DraftState {
  readonly agents: readonly AgentInfo[] | null
  readonly agent: AgentId | null
  readonly command: string
  /** Of an agent, as typed. */
  readonly args: string
  readonly workspace: string
  readonly level: IsolationLevel | null
  readonly network: SessionSpec['network']
  readonly grants: readonly string[]
  readonly useSignIn: boolean
  readonly word: string
  readonly isStarting: boolean
  readonly failure: StartFailure | null
  readonly problem: string | null
}

const EMPTY: DraftState = {
  agents: null,
  agent: null,
  command: '',
  args: '',
  workspace: '',
  level: null,
  network: 'ask',
  grants: [],
  useSignIn: false,
  word: '',
  isStarting: false,
  failure: null,
  problem: null,
}

export const useDraft = create<DraftState>(() => EMPTY)

export const setDraft = (patch: Partial<DraftState>): void =>
  useDraft.setState({ failure: null, problem: null, ...patch })

export function resetDraft(): void {
  useDraft.setState({ ...EMPTY, agents: useDraft.getState().agents }, true)
  resetDetails()
}

// What was said about the session as it was before says nothing about the changed one.
useDetails.subscribe(() => {
  const { failure, problem } = useDraft.getState()
  if (failure || problem) setDraft({})
})

/** Looked for anew: one may have been installed, or be in this workspace only. */
export async function refreshAgents(workspace: string | null): Promise<void> {
  try {
    const agents = await currentConnection()?.api.agent.list({ workspace })
    if (agents) useDraft.setState({ agents })
  } catch {
    useDraft.setState({ problem: 'The agents could not be listed. The host’s log has the reason.' })
  }
}

export const isFound = (agent: AgentInfo): boolean =>
  agent.id === 'command' || agent.executable !== null

/** Choosing another agent drops what was granted to the first. */
export const chooseAgent = (agent: AgentId): void =>
  setDraft({ agent, grants: [], useSignIn: false, args: '' })

export function toggleGrant(host: string): void {
  const { grants } = useDraft.getState()
  setDraft({
    grants: grants.includes(host) ? grants.filter((item) => item !== host) : [...grants, host],
  })
}

export const UNCONFINED_WORD = 'unconfined'

/** null: complete. Otherwise what is still missing, as a sentence. */
export function whatIsMissing(draft: DraftState, level: IsolationLevel | null): string | null {
  if (!draft.agent) return 'Choose an agent.'
  if (draft.agent === 'command' && draft.command.trim() === '') return 'Type the command to run.'
  const args = wordsIn(draft.args)
  if (!args.ok) return `The arguments cannot be used: ${args.error}.`
  if (draft.workspace.trim() === '') return 'Choose a folder.'
  if (!level) return 'Choose an isolation level.'
  if (level === 'unconfined' && draft.word !== UNCONFINED_WORD)
    return `Type ${UNCONFINED_WORD} to go on without a boundary.`
  return null
}

const wordsIn = (text: string): Result<string[], string> =>
  text.trim() === '' ? ok([]) : splitCommandLine(text)

const argsOf = ({ agent, args }: DraftState): string[] => {
  const words = wordsIn(args)
  return agent !== 'command' && agent !== 'shell' && words.ok ? words.value : []
}

/** null: an agent is not chosen yet. */
export function specOfDraft(level: IsolationLevel): SessionSpec | null {
  const draft = useDraft.getState()
  if (!draft.agent) return null
  const defaults = useMachine.getState().info?.defaultLimits ?? NO_LIMITS
  return {
    agent: draft.agent,
    command: draft.agent === 'command' ? draft.command.trim() : null,
    workspace: draft.workspace.trim(),
    level,
    title: null,
    network: draft.network,
    grants: [...draft.grants],
    useSignIn: draft.useSignIn,
    ...BASIC_SPEC,
    args: argsOf(draft),
    ...specOfDetails(useDetails.getState(), { level, defaults }),
    acknowledgement: level === 'unconfined' ? draft.word : null,
  }
}

export async function startDraft(level: IsolationLevel): Promise<void> {
  const spec = specOfDraft(level)
  if (!spec || useDraft.getState().isStarting) return
  useDraft.setState({ isStarting: true, failure: null, problem: null })
  const created = await createSession(spec)
  useDraft.setState({ isStarting: false })
  if (created.ok) {
    resetDraft()
    setUi({ overlay: null })
  } else if (typeof created.error === 'string') useDraft.setState({ problem: created.error })
  else useDraft.setState({ failure: created.error })
}
