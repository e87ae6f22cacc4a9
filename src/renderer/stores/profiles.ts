import { create } from 'zustand'
import { ASKED_FOR, modeAtStart } from '../../shared/domain/network-mode.ts'
import type { PolicyFile } from '../../shared/domain/policy-file.ts'
import type { WriteFormat, WrittenPolicy } from '../../shared/domain/policy-formats.ts'
import type { Profile } from '../../shared/domain/profile.ts'
import type { SessionSpec } from '../../shared/domain/session.ts'
import { currentConnection } from '../connection.ts'
import { detailsOf } from './draft-details.ts'
import { setDraft, useDraft } from './draft.ts'
import { ask } from './session-actions.ts'

export const useProfiles = create<{ readonly profiles: readonly Profile[] | null }>(() => ({
  profiles: null,
}))

export async function listProfiles(): Promise<void> {
  const profiles = await currentConnection()
    ?.api.policy.profiles(null)
    .catch(() => [])
  if (profiles) useProfiles.setState({ profiles })
}

/** The draft becomes what the profile says; agent and folder stay. */
export function takeProfile({ level, network = 'ask', allow = [], ...rest }: PolicyFile): void {
  setDraft({
    level: level ?? useDraft.getState().level,
    network: ASKED_FOR[network],
    grants: [...allow],
  })
  detailsOf(rest)
}

/** What a profile would have to say for a session like this one. */
export const profileOf = ({
  level,
  network,
  grants,
  denies,
  files,
  maskSecrets,
  review,
  inspectTls,
  variables,
  limits,
  image,
}: SessionSpec): PolicyFile => ({
  ...(level === 'unconfined' ? {} : { level }),
  network: modeAtStart(network),
  ...(grants.length > 0 ? { allow: grants } : {}),
  ...(denies.length > 0 ? { deny: denies } : {}),
  ...(files.length > 0 ? { files } : {}),
  ...(maskSecrets ? { maskSecrets } : {}),
  ...(review ? { review } : {}),
  ...(inspectTls ? { inspectTls } : {}),
  ...(variables.length > 0 ? { variables: variables.map(({ name }) => name) } : {}),
  limits,
  ...(image === null ? {} : { image }),
})

/** A sentence when it was not kept. */
export async function saveProfile(name: string, policy: PolicyFile): Promise<string | null> {
  const saved = await ask((api) => api.policy.saveProfile({ name, policy }))
  await listProfiles()
  if (saved.ok) return null
  return typeof saved.error === 'string'
    ? saved.error
    : `It cannot be written: ${saved.error.detail}`
}

/** A text as it stands. null: it is kept; a string: the host did not answer. */
export async function keepProfile(name: string, text: string) {
  const kept = await ask((api) => api.policy.keepProfile({ name, text }))
  await listProfiles()
  return kept.ok ? null : kept.error
}

/** null: the host did not answer. */
export const writtenFor = async (
  policy: PolicyFile,
  format: WriteFormat,
): Promise<WrittenPolicy | null> =>
  (await currentConnection()
    ?.api.policy.export({ policy, format })
    .catch(() => null)) ?? null
