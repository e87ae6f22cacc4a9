import { join } from 'node:path'
import { z } from 'zod'
import { Rule } from '../shared/domain/policy.ts'
import { VariableName } from '../shared/domain/variables.ts'
import { HeldPath } from './backends/files/placeholders.ts'
import type { DocumentStore } from './core/ports.ts'
import { TrustedPolicy } from './policies/workspace-policies.ts'
import { createDocumentStore } from './store/documents.ts'
import type { Survives } from './store/replace-file.ts'

interface Opened<T> extends Pick<DocumentStore<T>, 'save'> {
  readonly value: T
  /** A sentence where it could not be read and was set aside. */
  readonly notice: string | null
}

const KeptVariables = z.array(z.strictObject({ name: VariableName, sealed: z.string() }))

/** The small files of Cloche's data that its host keeps, read. */
export async function openDocuments(root: string) {
  const open = async <T>(
    name: string,
    schema: z.ZodType<T>,
    empty: T,
    survives?: Survives,
  ): Promise<Opened<T>> => {
    const store = createDocumentStore(join(root, name), schema, 1, empty, survives)
    return { ...(await store.load()), save: store.save }
  }
  return {
    rules: await open('rules.json', z.array(Rule), []),
    recent: await open('recent.json', z.array(z.string()), []),
    variables: await open('variables.json', KeptVariables, []),
    trusted: await open('trusted-policies.json', z.array(TrustedPolicy), []),
    // Written at every start of a session; after a power cut an empty folder too many does no harm.
    held: await open('held.json', z.array(HeldPath), [], 'crash'),
  }
}
