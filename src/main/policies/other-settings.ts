import { createHash } from 'node:crypto'
import { readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import type { AgentId, AgentInfo } from '../../shared/domain/agent.ts'
import {
  type MappingReport,
  MOST_SETTINGS_BYTES,
  type ReadFormat,
  type SettingsFile,
  type ShownReport,
} from '../../shared/domain/policy-formats.ts'
import { err, ok } from '../../shared/result.ts'
import type { OtherSettings } from '../core/policy-port.ts'
import { exportPolicy, importPolicy } from './formats/formats.ts'
import { withPlainFile } from './read-plain.ts'

interface Place {
  /** Whose settings they are; null: of a tool that is no agent. */
  readonly agent: AgentId | null
  readonly format: ReadFormat
  /** Below the home folder, and below a workspace. `*.toml`: each of that kind there. */
  readonly home: readonly string[]
  readonly workspace: readonly string[]
}

const PLACES: readonly Place[] = [
  {
    ...{ agent: 'claude-code', format: 'claude' },
    home: ['.claude/settings.json'],
    workspace: ['.claude/settings.json', '.claude/settings.local.json'],
  },
  {
    ...{ agent: 'codex', format: 'codex' },
    home: ['.codex/config.toml'],
    workspace: ['.codex/config.toml'],
  },
  {
    ...{ agent: 'codex', format: 'codex-rules' },
    home: ['.codex/rules/*.rules'],
    workspace: ['.codex/rules/*.rules'],
  },
  {
    ...{ agent: 'gemini-cli', format: 'gemini' },
    home: ['.gemini/policies/*.toml'],
    workspace: ['.gemini/policies/*.toml'],
  },
  {
    ...{ agent: 'opencode', format: 'opencode' },
    home: ['.config/opencode/opencode.json', '.config/opencode/opencode.jsonc'],
    workspace: ['opencode.json', 'opencode.jsonc'],
  },
  {
    ...{ agent: null, format: 'devcontainer' },
    home: [],
    workspace: ['.devcontainer/devcontainer.json', '.devcontainer.json'],
  },
  { ...{ agent: null, format: 'srt' }, home: ['.srt-settings.json'], workspace: [] },
]
const MOST_IN_FOLDER = 8
/** Of each group; more is no list that anybody reads, and one file could hold a hundred thousand. */
const MOST_SHOWN = 300
const MOST_LETTERS = 400

type Found = SettingsFile & { readonly root: string; readonly below: string }

/**
 * Settings of other tools on this machine, and policies made of them. Files are found here and named by an id, so that
 * no path of a page is opened; what stands in them beside the keys of a report stays in the host.
 */
export function createOtherSettings<M extends { readonly home: string }>(
  machine: M,
  agents: (machine: M, workspace: null) => Promise<readonly AgentInfo[]>,
  workspaces: () => readonly string[],
): OtherSettings {
  const { home } = machine
  const find = async (): Promise<Found[]> => {
    const installed = (await agents(machine, null)).filter(({ executable }) => executable !== null)
    const places = PLACES.filter(
      ({ agent }) => agent === null || installed.some(({ id }) => id === agent),
    )
    const of = (root: string, kind: 'home' | 'workspace'): Promise<Found[]>[] =>
      places.flatMap(({ format, ...below }) =>
        below[kind].map((pattern) => findBelow(root, pattern, format)),
      )
    const known = [...new Set(workspaces())].filter((workspace) => workspace !== home)
    return (
      await Promise.all([
        ...of(home, 'home'),
        ...known.flatMap((workspace) => of(workspace, 'workspace')),
      ])
    ).flat()
  }

  return {
    found: async () =>
      (await find()).map(({ id, path, format, sizeBytes, refusal }) => ({
        ...{ id, path, format, sizeBytes, refusal },
      })),
    import: async (source, format) => {
      let text: string
      let known = format
      if (source.kind === 'file') {
        const file = (await find()).find(({ id }) => id === source.id)
        if (!file) return err({ type: 'refused', refusal: 'gone' })
        const read = await withPlainFile(file.root, file.below, MOST_SETTINGS_BYTES, (plain) =>
          plain.text(),
        )
        if (!read.ok) return err({ type: 'refused', refusal: read.error })
        text = read.value
        known ??= file.format
      } else text = source.text
      const imported = importPolicy(text, known)
      if (!imported.ok) return imported
      return ok({ ...imported.value, report: shown(imported.value.report) })
    },
    export: (policy, format) => {
      const { text, report } = exportPolicy(policy, format)
      return { text, report: shown(report) }
    },
  }
}

async function findBelow(folder: string, pattern: string, format: ReadFormat): Promise<Found[]> {
  const root = await realpath(folder).catch(() => folder)
  const found = await Promise.all(
    (await expand(root, pattern)).map(async (below): Promise<Found[]> => {
      const path = join(folder, below)
      const looked = await withPlainFile(root, below, MOST_SETTINGS_BYTES, (file) =>
        Promise.resolve(file.sizeBytes),
      )
      if (!looked.ok && looked.error === 'gone') return []
      const id = createHash('sha256').update(path).digest('hex').slice(0, 32)
      const sizeBytes = looked.ok ? looked.value : 0
      const refusal = looked.ok ? null : looked.error
      return [{ id, path, format, sizeBytes, refusal, root, below }]
    }),
  )
  return found.flat()
}

/** A folder that is a link, or none, has no files. */
async function expand(root: string, pattern: string): Promise<string[]> {
  const ending = /^(.*)\/\*(\.\w+)$/.exec(pattern)
  if (!ending) return [pattern]
  const [, below = '', suffix = ''] = ending
  const folder = join(root, below)
  if ((await realpath(folder).catch(() => null)) !== folder) return []
  const names = await readdir(folder).catch(() => [])
  return names
    .filter((name) => name.endsWith(suffix))
    .sort()
    .slice(0, MOST_IN_FOLDER)
    .map((name) => join(below, name))
}

function shown(report: MappingReport): ShownReport {
  const cut = (text: string): string =>
    text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS)}…` : text
  const of = (keys: MappingReport['exact']): ShownReport['exact'] =>
    keys.slice(0, MOST_SHOWN).map(({ key, becomes, why }) => ({
      ...{ key: cut(key), becomes: becomes === null ? null : cut(becomes), why },
    }))
  const groups = [report.exact, report.approximate, report.dropped]
  return {
    ...{
      exact: of(report.exact),
      approximate: of(report.approximate),
      dropped: of(report.dropped),
    },
    unlisted: groups.reduce((sum, keys) => sum + Math.max(0, keys.length - MOST_SHOWN), 0),
  }
}
