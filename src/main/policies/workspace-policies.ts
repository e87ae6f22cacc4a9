import { createHash } from 'node:crypto'
import { mkdir, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { applyPolicy } from '../../shared/apply-policy.ts'
import {
  PolicyHash,
  type WorkspacePolicy,
  WORKSPACE_POLICY,
} from '../../shared/domain/policy-file.ts'
import { err, ok } from '../../shared/result.ts'
import type { WorkspacePolicies } from '../core/policy-port.ts'
import type { DocumentStore } from '../core/ports.ts'
import { parsePolicy } from './parse-policy.ts'
import { withPlainFile } from './read-plain.ts'

/** A text that a person read and trusts, of one workspace. */
export const TrustedPolicy = z.strictObject({
  workspace: z.string(),
  hash: PolicyHash,
  text: z.string(),
})
export type TrustedPolicy = z.infer<typeof TrustedPolicy>

const MOST_BYTES = 256 * 1024

type Read = { readonly text: string } | 'absent' | 'unreadable'

export function createWorkspacePolicies(
  kept: readonly TrustedPolicy[],
  document: Pick<DocumentStore<TrustedPolicy[]>, 'save'>,
): WorkspacePolicies {
  let trusted = [...kept]

  const look: WorkspacePolicies['look'] = async (workspace) => {
    const root = await realpath(workspace).catch(() => workspace)
    const read = await readOwn(root)
    if (read === 'absent') return null
    const known = trusted.find((each) => each.workspace === root)
    const trustedText = known?.text ?? null
    if (read === 'unreadable') {
      const reason = 'it is no plain file of this folder, too large, or may not be read'
      const problem = { line: null, key: null, reason }
      return { ...of(''), policy: null, problem, isTrusted: false, trustedText }
    }
    const parsed = parsePolicy(read.text)
    return {
      ...of(read.text),
      policy: parsed.ok ? parsed.value : null,
      problem: parsed.ok ? null : parsed.error,
      isTrusted: known?.hash === of(read.text).hash,
      trustedText,
    }
  }
  const save = async (next: TrustedPolicy[]): Promise<void> => {
    await document.save(next)
    trusted = next
  }

  return {
    look,
    trust: async (workspace, hash) => {
      const found = await look(workspace)
      if (found?.hash !== hash || !found.policy) return false
      const root = await realpath(workspace)
      const others = trusted.filter((each) => each.workspace !== root)
      await save([...others, { workspace: root, hash, text: found.text }])
      return true
    },
    save: async (workspace, text, replaces) => {
      const parsed = parsePolicy(text)
      if (!parsed.ok) return err({ type: 'wrong', ...parsed.error })
      if (((await look(workspace))?.hash ?? null) !== replaces) return err({ type: 'changed' })
      const root = await realpath(workspace).catch(() => workspace)
      const failed = await writeOwn(root, text)
      if (failed !== null) return err({ type: 'unwritable', detail: failed })
      const others = trusted.filter((each) => each.workspace !== root)
      await save([...others, { workspace: root, ...of(text) }])
      return ok(null)
    },
    forget: async (workspace) => {
      const root = await realpath(workspace).catch(() => workspace)
      await save(trusted.filter((each) => each.workspace !== root))
    },
    govern: async (spec) => {
      const found: WorkspacePolicy | null = await look(spec.workspace)
      if (!found) return ok({ spec, applied: null })
      const { policy, problem, isTrusted, hash } = found
      if (!policy) return err({ type: 'policy_refused', path: WORKSPACE_POLICY, ...problem! })
      const governed = applyPolicy(spec, policy, isTrusted)
      const { applied, held } = governed
      return ok({
        spec: governed.spec,
        applied: { hash, isTrusted, applied: [...applied], held: [...held] },
      })
    },
  }
}

const of = (text: string): { readonly text: string; readonly hash: string } => ({
  text,
  hash: createHash('sha256').update(text).digest('hex'),
})

/** null: it is there, whole. No link is followed. */
async function writeOwn(root: string, text: string): Promise<string | null> {
  const path = join(root, WORKSPACE_POLICY)
  const folder = dirname(path)
  const passing = join(folder, `.policy-${process.pid}`)
  try {
    await mkdir(folder, { recursive: true })
    if ((await realpath(folder)) !== folder) return `${folder} is a link`
    await writeFile(passing, text, { flag: 'wx', mode: 0o644 })
    await rename(passing, path)
    return null
  } catch (cause) {
    await rm(passing, { force: true })
    return cause instanceof Error ? cause.message : String(cause)
  }
}

async function readOwn(root: string): Promise<Read> {
  const read = await withPlainFile(root, WORKSPACE_POLICY, MOST_BYTES, (file) => file.text())
  if (read.ok) return { text: read.value }
  return read.error === 'gone' ? 'absent' : 'unreadable'
}
