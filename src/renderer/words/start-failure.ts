import type { Remedy } from '../../shared/domain/sandbox.ts'
import { wordsOfProblem } from '../../shared/domain/policy-file.ts'
import type { StartFailure } from '../../shared/domain/session.ts'
import { AXIS_NAMES, LEVEL_NAMES } from './isolation.ts'

export interface FailureWords {
  readonly sentence: string
  readonly next: string
  /** The machine's own words, shown as such. */
  readonly detail: string | null
  readonly remedies: readonly Remedy[]
}

type Words = {
  readonly [T in StartFailure['type']]: (
    failure: Extract<StartFailure, { type: T }>,
  ) => Partial<FailureWords> & Pick<FailureWords, 'sentence' | 'next'>
}

/** Nothing started; these say why, and what to do next. */
const START_FAILURES: Words = {
  workspace_missing: ({ path }) => ({
    sentence: 'The workspace folder does not exist.',
    next: 'Choose another folder, or create this one first.',
    detail: path,
  }),
  workspace_not_folder: ({ path }) => ({
    sentence: 'The workspace is a file, not a folder.',
    next: 'Choose the folder that contains it.',
    detail: path,
  }),
  workspace_refused: ({ path, reason }) => ({
    sentence: `This folder cannot be a workspace. ${reason}`,
    next: 'Choose a folder that holds only the work at hand.',
    detail: path,
  }),
  file_rule_refused: ({ path, reason }) => ({
    sentence: `A path cannot be held as asked. ${reason}`,
    next: 'Change or remove the rule for it, then start again. Nothing was started.',
    detail: path,
  }),
  review_refused: ({ path, reason }) => ({
    sentence: `This folder cannot be reviewed. ${reason}`,
    next: 'Start it without a review, or choose another folder. Nothing was started.',
    detail: path,
  }),
  variable_refused: ({ name, reason }) => ({
    sentence: `The variable ${name} is never let into a session: ${reason}.`,
    next: 'Take it off the list, then start again.',
  }),
  variable_missing: ({ name, source }) => ({
    sentence:
      source === 'kept'
        ? `No value is kept for the variable ${name}.`
        : `The variable ${name} is not set where Cloche was started.`,
    next: 'Give it a value under Variables, or take it off the list.',
  }),
  inner_sandbox_impossible: ({ agent }) => ({
    sentence: `The own sandbox of ${agent} cannot run inside the OS sandbox: it needs namespaces of its own, and letting it make them would undo what keeps files from being changed.`,
    next: 'Leave it off: the boundary around it holds all of the agent. Nothing was started.',
  }),
  policy_refused: ({ path, ...problem }) => ({
    sentence: `The policy of this folder cannot be used: ${wordsOfProblem(problem)}.`,
    next: 'Correct the file, or take it away. Nothing was started.',
    detail: path,
  }),
  dev_container_refused: ({ reason }) => ({
    sentence: `The dev container cannot be used. ${reason}`,
    next: 'Look at it under Dev container, or start from another image. Nothing was started.',
  }),
  agent_not_found: ({ install }) => ({
    sentence: 'The agent is not installed on this machine.',
    next: install ? 'Install it, then start again.' : 'Install it, or choose another agent.',
    remedies: install ? [{ say: 'Install it with', command: install }] : [],
  }),
  agent_not_executable: ({ path }) => ({
    sentence: 'The agent was found, but it may not be executed.',
    next: 'Check the permissions of the file.',
    detail: path,
  }),
  command_invalid: ({ reason }) => ({
    sentence: `The command line cannot be used: ${reason}.`,
    next: 'Correct it and start again.',
  }),
  backend_unavailable: ({ level, diagnosis }) => ({
    sentence: `${LEVEL_NAMES[level]} is not usable on this machine: ${diagnosis.summary}`,
    next: 'Follow the remedy, or choose another level. Nothing was started.',
    remedies: diagnosis.remedies,
  }),
  boundary_failed: ({ part, detail, remedy }) => ({
    sentence: `The boundary could not be built: ${part} failed. Nothing was started.`,
    next: remedy,
    detail,
  }),
  not_proven: ({ axes }) => ({
    sentence: `The boundary stood, but a probe inside did not prove it: ${axes
      .filter((axis) => axis.proven !== 'enforced')
      .map((axis) => AXIS_NAMES[axis.axis].toLowerCase())
      .join(', ')}. Nothing was started.`,
    next: 'See what the probe tried under Isolation, and the remedies under Doctor.',
    detail: axes
      .flatMap((axis) => axis.evidence)
      .filter((item) => item.verdict !== 'held')
      .map((item) => `${item.attempt}: ${item.outcome}`)
      .join('\n'),
  }),
  acknowledgement_required: () => ({
    sentence: 'A session without a boundary needs the word typed out.',
    next: 'Type unconfined, or choose a level with a boundary.',
  }),
  refused_in_browser: () => ({
    sentence: 'A session without a boundary cannot be started from the browser.',
    next: 'Start it in the desktop app, or choose a level with a boundary.',
  }),
  pty_host_lost: () => ({
    sentence: 'The process that owns the terminals ended.',
    next: 'Start again: it comes back by itself.',
  }),
  state_unwritable: ({ path, detail }) => ({
    sentence: 'The recording could not be written, so nothing was started.',
    next: 'Free some space or fix the permissions of this folder, then start again.',
    detail: `${path}\n${detail}`,
  }),
}

export function wordsOfFailure(failure: StartFailure): FailureWords {
  const words = START_FAILURES[failure.type] as (
    failure: StartFailure,
  ) => Partial<FailureWords> & Pick<FailureWords, 'sentence' | 'next'>
  return { detail: null, remedies: [], ...words(failure) }
}
