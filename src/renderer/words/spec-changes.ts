import type { SessionSpec } from '../../shared/domain/session.ts'
import { type SpecChanges, workspaceAccess } from '../../shared/domain/spec-changes.ts'
import { lostBetween, LEVEL_NAMES } from './isolation.ts'
import { sumUpLimits } from './limits.ts'

export const WORKSPACE_NAMES = { write: 'Read and write', read: 'Read only' } as const
export const SECRETS_NAMES = { shown: 'As they are', masked: 'Look empty' } as const
export const SIGN_IN_NAMES = { none: 'None', copy: 'A copy of yours' } as const
export const SERVICES_NAMES = { asked: 'Asked', refused: 'Refused' } as const

/** How every change that cannot be made while it runs is made. */
export const RESTARTED_WORDS =
  'The program is stopped and started again, with its own way to resume where it has one. The folder, its rules and its hosts stay the same.'

/** `workspace read only, level Container`. */
export function sumUpChanges(changes: SpecChanges): string {
  const { level, workspace, maskSecrets, useSignIn, limits } = changes
  return [
    ...(level ? [`level ${LEVEL_NAMES[level]}`] : []),
    ...(workspace ? [`workspace ${WORKSPACE_NAMES[workspace].toLowerCase()}`] : []),
    ...(maskSecrets === undefined
      ? []
      : [`secrets in it ${SECRETS_NAMES[maskSecrets ? 'masked' : 'shown'].toLowerCase()}`]),
    ...(useSignIn === undefined
      ? []
      : [`sign-in ${SIGN_IN_NAMES[useSignIn ? 'copy' : 'none'].toLowerCase()}`]),
    ...(limits ? [`limits ${sumUpLimits(limits)}`] : []),
  ].join(', ')
}

/** What a session could reach after these that it cannot reach now; empty: nothing. */
export function reachedBy(spec: SessionSpec, changes: SpecChanges): string[] {
  return [
    ...(changes.workspace === 'write' && workspaceAccess(spec) === 'read'
      ? [`Every file of ${spec.workspace}: it could change and remove them`]
      : []),
    ...(changes.maskSecrets === false && spec.maskSecrets
      ? ['What is in .env files and private keys of the folder']
      : []),
    ...(changes.useSignIn && !spec.useSignIn
      ? ['Your sign-in with the agent’s maker, as a copy in its own home']
      : []),
  ]
}

/** What holds a session now and would not after these. */
export const lostBy = (spec: SessionSpec, { level }: SpecChanges): string[] =>
  level ? lostBetween(spec.level, level) : []
