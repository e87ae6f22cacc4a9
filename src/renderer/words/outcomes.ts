import type { FolderError } from '../../shared/contract/api.ts'
import type { Decision } from '../../shared/domain/policy.ts'
import type { ExitStatus } from '../../shared/domain/process.ts'
import { isLive, type Session, type SessionStatus } from '../../shared/domain/session.ts'
import { assertNever } from '../../shared/result.ts'
import type { NetworkEntry } from '../../shared/network-projection.ts'

export const FOLDER_ERRORS: Readonly<Record<FolderError['type'], string>> = {
  missing: 'This folder does not exist.',
  not_folder: 'This is a file, not a folder.',
  unreadable: 'This folder may not be read.',
}

export const STATUS_NAMES: Readonly<Record<SessionStatus, string>> = {
  starting: 'Starting',
  running: 'Running',
  stopping: 'Stopping',
  ended: 'Ended',
  interrupted: 'Interrupted',
  failed: 'Not started',
}

export function wordsOfExit(exit: ExitStatus): string {
  switch (exit.kind) {
    case 'exited':
      return exit.code === 0 ? 'ended normally' : `ended with code ${exit.code}`
    case 'signalled':
      return `ended by ${exit.signal}`
    case 'boundary':
      return `stopped by the boundary: ${exit.reason}`
    case 'lost':
      return 'ended, status not seen'
    default:
      return assertNever(exit, 'exit status')
  }
}

/** Short form for a row of the process tree. */
export function exitMark(exit: ExitStatus): string {
  switch (exit.kind) {
    case 'exited':
      return String(exit.code)
    case 'signalled':
      return exit.signal.replace(/^SIG/, '')
    case 'boundary':
      return 'boundary'
    case 'lost':
      return '?'
    default:
      return assertNever(exit, 'exit status')
  }
}

export function wordsOfEnd(session: Session): string {
  if (isLive(session)) return STATUS_NAMES[session.status]
  if (session.status === 'failed') return 'Did not start'
  if (session.status === 'interrupted')
    return 'Interrupted: Cloche or the machine stopped while it ran'
  const words = session.exit ? wordsOfExit(session.exit) : 'ended'
  return words[0]!.toUpperCase() + words.slice(1)
}

export function wordsOfDecision({ action, by }: Decision): string {
  const did = action === 'allow' ? 'Allowed' : 'Denied'
  switch (by.kind) {
    case 'person':
      return `${did} by you, ${LIFETIME_NAMES[by.lifetime].toLowerCase()}`
    case 'rule':
      return `${did} by a rule`
    case 'timeout':
      return 'Denied: nobody answered'
    case 'boundary':
      return `Refused by the boundary: ${by.reason}`
    case 'default':
      return `${did}: ${by.reason}`
    default:
      return assertNever(by, 'decision')
  }
}

export const LIFETIME_NAMES = {
  once: 'Once',
  process: 'This process',
  session: 'This session',
  workspace: 'This workspace',
  everywhere: 'Everywhere',
} as const

/** Milliseconds an answer can be given for. */
export const TIME_NAMES: Readonly<Record<number, string>> = {
  300_000: '5 minutes',
  3_600_000: '1 hour',
  86_400_000: '1 day',
}

export const NETWORK_STATES: Readonly<Record<NetworkEntry['state'], string>> = {
  waiting: 'Waiting for an answer',
  refused: 'Refused',
  connecting: 'Connecting',
  open: 'Open',
  closed: 'Closed',
  failed: 'Failed',
}
