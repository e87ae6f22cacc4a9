import type {
  AppliedPolicy,
  PolicyFile,
  PolicyProblem,
  WorkspacePolicy,
} from '../../shared/domain/policy-file.ts'
import type {
  ImportedPolicy,
  ImportProblem,
  ImportSource,
  ReadFormat,
  SettingsFile,
  WriteFormat,
  WrittenPolicy,
} from '../../shared/domain/policy-formats.ts'
import type { Profile } from '../../shared/domain/profile.ts'
import type { SessionSpec, StartFailure } from '../../shared/domain/session.ts'
import type { Result } from '../../shared/result.ts'

export type SaveRefusal =
  /** There is another text by now. */
  | { readonly type: 'changed' }
  | ({ readonly type: 'wrong' } & PolicyProblem)
  | { readonly type: 'unwritable'; readonly detail: string }

/** Policies that a person keeps in Cloche's data, one file each. */
export interface ProfileStore {
  list(): Promise<Profile[]>
  /** Replaces one of the same name. `err`: the machine's words. */
  save(name: string, policy: PolicyFile): Promise<Result<null, string>>
  /** A person's own text, comments and all. One of the same name stays. */
  keep(name: string, text: string): Promise<Result<null, KeepRefusal>>
  /** What is wrong with a text; null: it is a policy. */
  check(text: string): PolicyProblem | null
}

export type KeepRefusal =
  | { readonly type: 'taken' }
  | ({ readonly type: 'wrong' } & PolicyProblem)
  | { readonly type: 'unwritable'; readonly detail: string }

/** Settings of other tools, as policies and from them. */
export interface OtherSettings {
  /** On this machine: of the agents that are installed, in the home folder and in folders used lately. */
  found(): Promise<SettingsFile[]>
  /** `format`: null: it is found out. */
  import(
    source: ImportSource,
    format: ReadFormat | null,
  ): Promise<Result<ImportedPolicy, ImportProblem>>
  export(policy: PolicyFile, format: WriteFormat): WrittenPolicy
}

/** Policies that workspaces keep as files. */
export interface WorkspacePolicies {
  /** null: the workspace has none. */
  look(workspace: string): Promise<WorkspacePolicy | null>
  /** `false`: it is another text by now. */
  trust(workspace: string, hash: string): Promise<boolean>
  /** Writes it and trusts it: the person wrote it. `replaces`: hash of what was there; null: nothing. */
  save(workspace: string, text: string, replaces: string | null): Promise<Result<null, SaveRefusal>>
  forget(workspace: string): Promise<void>
  /** What is started instead; a file that cannot be used starts nothing. */
  govern(
    spec: SessionSpec,
  ): Promise<
    Result<{ readonly spec: SessionSpec; readonly applied: AppliedPolicy | null }, StartFailure>
  >
}
