import type { ProcessNode, ProcessRole } from '../../shared/domain/process.ts'
import type {
  ControlAction,
  ControlError,
  ControlOutcome,
  ExecutableOrigin,
} from '../../shared/domain/process-details.ts'
import { plural } from './format.ts'
import { wordsOfExit } from './outcomes.ts'
import { joinArgv, revealText } from './reveal.ts'

export const ROLE_NAMES: Readonly<Record<ProcessRole, string>> = {
  agent: 'agent',
  'mcp-server': 'MCP server',
  hook: 'hook',
  shell: 'shell',
  tool: 'tool',
  terminal: 'terminal',
}

/** Kernel state letters. */
export const STATE_NAMES: Readonly<Record<string, string>> = {
  R: 'running',
  S: 'sleeping',
  D: 'waiting for a device',
  T: 'frozen or stopped',
  t: 'traced',
  Z: 'ended, not yet reaped',
  I: 'idle',
}

export const ORIGIN_NAMES: Readonly<Record<ExecutableOrigin, string>> = {
  system: 'a program of the system',
  workspace: 'from the workspace',
  elsewhere: 'from outside of system and workspace',
  deleted: 'removed or replaced since it was started',
  memory: 'from memory: it never was a file',
  unknown: 'not known',
}

const DONE: Readonly<Record<ControlAction, string>> = {
  stop: 'Stopped',
  kill: 'Killed',
  freeze: 'Froze',
  thaw: 'Thawed',
}

const REMAINED: Readonly<Record<ControlAction, string>> = {
  stop: 'still there',
  kill: 'still there',
  freeze: 'still running',
  thaw: 'still frozen',
}

const processes = (count: number): string => plural(count, 'process', 'processes')

export function wordsOfControl(action: ControlAction, outcome: ControlOutcome): string {
  const { affected, remained } = outcome
  if (affected === 0) return 'There was no process left to do that to.'
  const left =
    remained > 0
      ? ` ${processes(remained)} ${remained === 1 ? 'is' : 'are'} ${REMAINED[action]}.`
      : ''
  return `${DONE[action]} ${processes(affected)}.${left}`
}

export const CONTROL_ERRORS: Readonly<Record<ControlError['type'], string>> = {
  unknown_session: 'This session no longer exists.',
  not_live: 'The session has ended, and all its processes with it.',
  process_gone: 'This process has already ended.',
}

interface TextRow {
  readonly node: ProcessNode
  readonly depth: number
}

/** A tree to paste into a report: one line each, as `ps` in forest order shows it. */
export const treeAsText = (rows: readonly TextRow[]): string =>
  rows
    .map(({ node, depth }) => {
      const end = node.exit ? `  [${wordsOfExit(node.exit)}]` : ''
      const role = node.role ? `  (${ROLE_NAMES[node.role]})` : ''
      const words = revealText(joinArgv(node.argv.length > 0 ? node.argv : [node.name]), 500)
      return `${String(node.pid).padStart(7)}  ${'  '.repeat(depth)}${words}${role}${end}`
    })
    .join('\n')

/** The same with everything that is known, parents before children. */
export const treeAsJson = (nodes: readonly ProcessNode[]): string => JSON.stringify(nodes, null, 2)
