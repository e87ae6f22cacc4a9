import { describe, expect, test } from 'vitest'
import { exportPolicy } from '../../../src/main/policies/formats/formats.ts'
import type { PolicyFile } from '../../../src/shared/domain/policy-file.ts'
import { WriteFormat } from '../../../src/shared/domain/policy-formats.ts'
import { take } from '../../helpers/imported-policy.ts'

/** Those of a sandbox; the others have rules for their own tools only. */
const OF_A_SANDBOX = ['claude', 'srt', 'codex'] as const

describe('a policy written for an agent', () => {
  const POLICY: PolicyFile = {
    network: 'listed',
    allow: ['*.npmjs.org', 'github.com'],
    deny: ['evil.example'],
    files: [
      { path: '/data', access: 'read' },
      { path: 'dist', access: 'write' },
      { path: '~/.ssh', access: 'deny' },
    ],
  }

  test.each(OF_A_SANDBOX)('%s: read again it is the same', (format) => {
    const { text } = exportPolicy(POLICY, format)
    const { policy, format: found } = take(text)
    expect(found).toBe(format)
    const sorted = ({ files = [], allow = [], deny = [], ...rest }: PolicyFile) => ({
      ...{ ...rest, allow: allow.toSorted(), deny: deny.toSorted() },
      files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    })
    expect(sorted(policy)).toEqual(sorted(POLICY))
  })

  test('a closed network lists no host', () => {
    const { text, report } = exportPolicy({ network: 'closed', allow: ['a.example'] }, 'claude')
    expect(text).toContain('"allowedDomains": []')
    expect(text).not.toContain('a.example')
    expect(report.dropped.map(({ key }) => key)).toEqual(['allow: a.example'])
    expect(exportPolicy({ network: 'closed' }, 'codex').text).toContain('enabled = false')
  })

  test('says of every key how well it is said, and leaves out what would be misread', () => {
    const wide: PolicyFile = {
      ...{ name: 'Ours', level: 'vm', network: 'ask', limits: { processes: 64 } },
      ...{ allow: ['a.example', '10.0.0.0/8'], maskSecrets: true, image: 'node:24' },
      files: [
        { path: 'docs/*.md', access: 'read' },
        { path: '.env', access: 'mask' },
      ],
    }
    for (const format of WriteFormat.options) {
      const { text, report } = exportPolicy(wide, format)
      const { exact, approximate, dropped } = report
      // Nothing of the policy is passed over.
      expect(exact.length + approximate.length + dropped.length).toBe(10)
      expect(dropped.map(({ key }) => key)).toEqual(
        expect.arrayContaining(['name', 'level', 'limits', 'maskSecrets', 'image']),
      )
      expect(text).not.toContain('10.0.0.0')
      for (const { why } of [...approximate, ...dropped]) expect(why).toEqual(expect.any(String))
    }
    for (const format of OF_A_SANDBOX)
      expect(exportPolicy(wide, format).report.approximate).toContainEqual(
        expect.objectContaining({ key: 'files: .env mask', why: expect.any(String) }),
      )
    const codex = exportPolicy(wide, 'codex')
    expect(codex.text).not.toContain('docs/*.md')
    expect(codex.text).toContain('[permissions.cloche.filesystem.":workspace_roots"]')
    // Its lists of hosts are held by a proxy that is not on by itself.
    expect(codex.text).toContain('network_proxy = true')
  })
})

test('rules for an agent’s own tools say no more than the boundary, and of which tools', () => {
  const policy: PolicyFile = {
    network: 'closed',
    allow: ['a.example'],
    files: [
      { path: '.', access: 'read' },
      { path: 'dist', access: 'write' },
      { path: '**/*.key', access: 'mask' },
      { path: '/data', access: 'read' },
      { path: '/cache/', access: 'write' },
      { path: '~/.ssh', access: 'deny' },
    ],
  }
  const opencode = exportPolicy(policy, 'opencode')
  expect(JSON.parse(opencode.text)).toMatchObject({
    permission: {
      edit: { '*': 'deny', 'dist/*': 'allow' },
      // What it refuses by itself stays refused.
      read: { '**.key': 'deny' },
      external_directory: { '*': 'deny', '/cache/**': 'allow' },
      webfetch: 'deny',
    },
  })
  expect(opencode.report.exact).toEqual([])
  expect(opencode.report.dropped.map(({ key }) => key)).toEqual([
    'allow: a.example',
    'files: /data read',
  ])
  const gemini = exportPolicy(policy, 'gemini')
  expect(take(gemini.text).policy).toEqual({
    network: 'listed',
    files: [{ path: '.', access: 'read' }],
  })
  expect(gemini.report.approximate.map(({ key }) => key)).toEqual([
    'network: closed',
    'files: . read',
  ])
  expect(exportPolicy({}, 'gemini').text.trim()).toBe('rule = []')
})
