import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Diagnosis } from '../../shared/domain/sandbox.ts'

export interface TerminalFacts {
  /** null: it is not installed. */
  readonly version: string | null
  /** Why its native part does not load; null: it does. */
  readonly problem: string | null
}

/** Loads node-pty for real: it is there or not, built for this Node or not. */
export async function readTerminalFacts(
  load: () => Promise<unknown> = () => import('node-pty'),
): Promise<TerminalFacts> {
  const version = await versionOf('node-pty').catch(() => null)
  try {
    await load()
    return { version, problem: null }
  } catch (error) {
    return { version, problem: error instanceof Error ? error.message : String(error) }
  }
}

async function versionOf(name: string): Promise<string | null> {
  const path = createRequire(import.meta.url).resolve(`${name}/package.json`)
  return /"version":\s*"([^"]+)"/.exec(await readFile(path, 'utf8'))?.[1] ?? null
}

/** Pure. */
export function diagnoseTerminals({ version, problem }: TerminalFacts): Diagnosis {
  const base = { id: 'terminals', title: 'Terminals (node-pty)', level: null } as const
  const facts = [{ name: 'node-pty', value: version ?? 'not found' }]
  if (problem === null)
    return {
      ...{ ...base, status: 'usable', facts, remedies: [] },
      summary: 'Sessions have a terminal of their own.',
    }
  return {
    ...{ ...base, status: 'missing' },
    summary: 'No session can have a terminal: the library for it does not load.',
    facts: [...facts, { name: 'Its words', value: problem.split('\n')[0] ?? problem }],
    remedies: [
      { say: 'Install it anew, in the folder of Cloche', command: 'npm rebuild node-pty' },
    ],
  }
}
