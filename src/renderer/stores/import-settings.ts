import { create } from 'zustand'
import { type PolicyProblem, wordsOfProblem } from '../../shared/domain/policy-file.ts'
import {
  type ImportedPolicy,
  type ImportSource,
  MOST_SETTINGS_BYTES,
  type ReadFormat,
  type SettingsFile,
} from '../../shared/domain/policy-formats.ts'
import { ProfileName } from '../../shared/domain/profile.ts'
import { textOfPolicyFile } from '../../shared/policy-text.ts'
import { currentConnection } from '../connection.ts'
import { FORMAT_NAMES, wordsOfImportProblem } from '../words/policy-formats.ts'
import { keepProfile, listProfiles, useProfiles } from './profiles.ts'
import { ask } from './session-actions.ts'

/** What came of reading settings. */
interface Read extends Pick<ImportedPolicy, 'format' | 'report'> {
  readonly source: ImportSource
  /** Where they are from. */
  readonly from: string
  /** The policy as it was made, before a person changed it. */
  readonly made: string
}

interface ImportState {
  /** null: the host still looks. */
  readonly found: readonly SettingsFile[] | null
  /** What is pasted, or of a file of the browser. */
  readonly text: string
  readonly from: string
  /** null: it is found out. */
  readonly format: ReadFormat | null
  readonly read: Read | null
  /** The policy, as changed so far. */
  readonly policy: string
  readonly wrong: PolicyProblem | null
  readonly name: string
  /** Why the last step was not done. */
  readonly problem: string | null
}

const PASTED = 'What you pasted'
const NOTHING: ImportState = {
  ...{ found: null, text: '', from: PASTED, format: null, read: null },
  ...{ policy: '', wrong: null, name: '', problem: null },
}

export const useImport = create<ImportState>(() => NOTHING)

let checking: ReturnType<typeof setTimeout> | undefined
/** A person stops typing. */
const PAUSE_MS = 150

/** From the start; what an earlier one left is gone. */
export async function startImport(): Promise<void> {
  reading++
  clearTimeout(checking)
  useImport.setState(NOTHING)
  const found = await currentConnection()
    ?.api.policy.settings(null)
    .catch(() => [])
  useImport.setState({ found: found ?? [] })
  await listProfiles()
}

export const paste = (text: string): void =>
  useImport.setState({ text, from: PASTED, problem: null })

export const chooseFormat = (format: ReadFormat | null): void => useImport.setState({ format })

/** A file of the browser: read here, so that the host is given text and no path. */
export async function takeFile(file: Pick<File, 'name' | 'size' | 'text'>): Promise<void> {
  const refuse = (why: string): void =>
    useImport.setState({ problem: `${file.name} ${why}. Paste the part that matters.` })
  if (file.size > MOST_SETTINGS_BYTES) return refuse('is larger than 256 KiB')
  const text = await file.text().catch(() => null)
  if (text === null) return refuse('cannot be read')
  if (text.includes('\0')) return refuse('is no text')
  useImport.setState({ text, from: file.name })
  await readPasted()
}

export async function readPasted(): Promise<void> {
  const { text, from, format } = useImport.getState()
  if (text.length > MOST_SETTINGS_BYTES)
    return useImport.setState({
      problem: 'That is more than 256 KiB. Paste the part that matters.',
    })
  await readSettings({ kind: 'text', text }, from, format)
}

export const readFound = ({ id, path }: SettingsFile): Promise<void> =>
  readSettings({ kind: 'file', id }, path, null)

/** The same settings, meant for another tool than was found out. */
export async function readAs(format: ReadFormat): Promise<void> {
  const { read } = useImport.getState()
  if (read) await readSettings(read.source, read.from, format)
}

/** Of two that were begun the later counts, and none after a new start. */
let reading = 0

async function readSettings(
  source: ImportSource,
  from: string,
  format: ReadFormat | null,
): Promise<void> {
  const mine = ++reading
  useImport.setState({ problem: null })
  const imported = await ask((api) => api.policy.import({ source, format }))
  if (mine !== reading) return
  if (!imported.ok) {
    const { error } = imported
    const problem = typeof error === 'string' ? error : wordsOfImportProblem(error)
    return useImport.setState({ problem })
  }
  const { policy, report, format: found } = imported.value
  const made = textOfPolicyFile(policy)
  useImport.setState({
    read: { source, from, made, report, format: found },
    ...{ policy: made, wrong: null, name: freeName(FORMAT_NAMES[found]) },
  })
}

/** To the settings again; what was pasted is still there. */
export const backToSettings = (): void => useImport.setState({ read: null, problem: null })

export function changePolicy(policy: string): void {
  useImport.setState({ policy, problem: null })
  clearTimeout(checking)
  checking = setTimeout(() => void check(policy), PAUSE_MS)
}

/** Of two answers that of the text that stands there counts. */
async function check(text: string): Promise<void> {
  const wrong = await currentConnection()
    ?.api.policy.check({ text })
    .catch(() => null)
  if (useImport.getState().policy === text) useImport.setState({ wrong: wrong ?? null })
}

export const nameProfile = (name: string): void => useImport.setState({ name, problem: null })

const isTaken = (name: string): boolean =>
  (useProfiles.getState().profiles ?? []).some((profile) => profile.name === name)

function freeName(wanted: string): string {
  for (let n = 2; n < 100; n++) {
    const name = n === 2 ? wanted : `${wanted} ${n - 1}`
    if (!isTaken(name)) return name
  }
  return wanted
}

/** The name it is kept under; null: it is not, and the store says why. Text and name stay. */
export async function keepImport(): Promise<string | null> {
  const { name, policy } = useImport.getState()
  const refuse = (problem: string): null => {
    useImport.setState({ problem })
    return null
  }
  if (!ProfileName.safeParse(name).success)
    return refuse(
      'A name begins with a letter or a digit, and has at most 64 of them, spaces, dots or dashes.',
    )
  const taken = `There is a profile “${name}”, and it stays as it is. Choose another name.`
  if (isTaken(name)) return refuse(taken)
  const refusal = await keepProfile(name, policy)
  if (refusal === null) return name
  if (typeof refusal === 'string') return refuse(refusal)
  switch (refusal.type) {
    case 'taken':
      return refuse(taken)
    case 'unwritable':
      return refuse(`It cannot be written: ${refusal.detail}. Copy the text before you close this.`)
    case 'wrong':
      useImport.setState({ wrong: refusal })
      return refuse(`The policy has a mistake: ${wordsOfProblem(refusal)}.`)
  }
}
