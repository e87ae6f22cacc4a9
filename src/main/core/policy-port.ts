import type { AppliedPolicy, WorkspacePolicy } from '../../shared/domain/policy-file.ts'
import type { SessionSpec, StartFailure } from '../../shared/domain/session.ts'
import type { Result } from '../../shared/result.ts'

/** Policies that workspaces keep as files. */
export interface WorkspacePolicies {
  /** null: the workspace has none. */
  look(workspace: string): Promise<WorkspacePolicy | null>
  /** `false`: it is another text by now. */
  trust(workspace: string, hash: string): Promise<boolean>
  forget(workspace: string): Promise<void>
  /** What is started instead; a file that cannot be used starts nothing. */
  govern(
    spec: SessionSpec,
  ): Promise<
    Result<{ readonly spec: SessionSpec; readonly applied: AppliedPolicy | null }, StartFailure>
  >
}
