import type { Api } from '../../../src/shared/contract/api.ts'
import type { HandlersOf } from '../../../src/shared/contract/define.ts'
import type { SettingsFile } from '../../../src/shared/domain/policy-formats.ts'
import type { Profile } from '../../../src/shared/domain/profile.ts'
import { err, ok } from '../../../src/shared/result.ts'
import { exportPolicy, importPolicy } from '../../../src/main/policies/formats/formats.ts'
import { parsePolicy } from '../../../src/main/policies/parse-policy.ts'

/** Of Claude Code, with something of each kind. */
const SETTINGS = JSON.stringify({
  permissions: {
    allow: ['Bash(npm run test:*)', 'WebFetch(domain:docs.anthropic.com)'],
    deny: ['Read(./.env)', 'Read(~/.aws/**)', 'Edit(/infra/**)'],
    defaultMode: 'acceptEdits',
  },
  sandbox: {
    enabled: true,
    filesystem: { allowWrite: ['~/.npm'], denyRead: ['~/.ssh'] },
    network: {
      allowedDomains: ['registry.npmjs.org', '*.github.com', 'api.anthropic.com'],
      deniedDomains: ['telemetry.example.net'],
      strictAllowlist: true,
      allowLocalBinding: true,
    },
    credentials: { files: [{ path: '~/.netrc', mode: 'mask' }] },
  },
  model: 'opus',
  hooks: { PreToolUse: [] },
})

const FOUND: readonly SettingsFile[] = [
  {
    ...{ id: '01'.repeat(16), path: '/home/ada/.claude/settings.json', format: 'claude' },
    ...{ sizeBytes: 1463, refusal: null },
  },
  {
    ...{ id: '02'.repeat(16), path: '/home/ada/.codex/config.toml', format: 'codex' },
    ...{ sizeBytes: 0, refusal: 'link' },
  },
  {
    ...{ id: '03'.repeat(16), path: '/home/ada/.srt-settings.json', format: 'srt' },
    ...{ sizeBytes: 412, refusal: null },
  },
  {
    ...{ id: '04'.repeat(16), format: 'claude', sizeBytes: 702, refusal: null },
    path: '/home/ada/src/lighthouse/.claude/settings.json',
  },
]

/** Read and written by the host's own code; files are made up. */
export function fakeOtherSettings(
  seen: string[],
  kept: Profile[],
): Pick<HandlersOf<Api>['policy'], 'keepProfile' | 'check' | 'settings' | 'import' | 'export'> {
  return {
    keepProfile: ({ name, text }) => {
      const parsed = parsePolicy(text)
      if (!parsed.ok) return Promise.resolve(err({ type: 'wrong', ...parsed.error }))
      // One that was written meanwhile.
      if (name === 'Late') return Promise.resolve(err({ type: 'taken' }))
      seen.push(`keep ${name} ${text}`)
      const path = `/home/ada/${name}.jsonc`
      kept.push({ name, origin: 'yours', policy: parsed.value, problem: null, path })
      return Promise.resolve(ok(null))
    },
    check: ({ text }) => {
      const parsed = parsePolicy(text)
      return Promise.resolve(parsed.ok ? null : parsed.error)
    },
    settings: () => Promise.resolve([...FOUND]),
    import: ({ source, format }) => {
      const found = source.kind === 'file' ? FOUND.find(({ id }) => id === source.id) : undefined
      const text = source.kind === 'file' ? SETTINGS : source.text
      const imported = importPolicy(text, format ?? found?.format ?? null)
      if (!imported.ok) return Promise.resolve(imported)
      const { report, ...rest } = imported.value
      return Promise.resolve(ok({ ...rest, report: { ...report, unlisted: 0 } }))
    },
    export: ({ policy, format }) => {
      const { text, report } = exportPolicy(policy, format)
      return Promise.resolve({ text, report: { ...report, unlisted: 0 } })
    },
  }
}
