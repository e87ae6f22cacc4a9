import { expect } from 'vitest'
import { importPolicy } from '../../src/main/policies/formats/formats.ts'
import { PolicyFile } from '../../src/shared/domain/policy-file.ts'
import type { ReadFormat } from '../../src/shared/domain/policy-formats.ts'

/** What becomes of another tool's file, which can be read. `format`: null: it is found out. */
export function take(text: string, format: ReadFormat | null = null) {
  const imported = importPolicy(text, format)
  if (!imported.ok) throw new Error(imported.error.type)
  // Whatever comes out is a policy that could be put into a folder.
  expect(PolicyFile.safeParse(imported.value.policy).success).toBe(true)
  return imported.value
}
