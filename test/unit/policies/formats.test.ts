import { describe, expect, test } from 'vitest'
import { importPolicy } from '../../../src/main/policies/formats/formats.ts'
import { take } from '../../helpers/imported-policy.ts'

describe('settings of Claude Code', () => {
  const SETTINGS = `{
    "$schema": "https://json.schemastore.org/claude-code-settings.json",
    "permissions": {
      "allow": ["Bash(npm run lint)", "Read(~/.zshrc)", "Read(src/**)", "WebFetch(domain:github.com)", "mcp__srv__tool"],
      "ask": ["Bash(git push:*)", "WebFetch(domain:example.org)"],
      "deny": ["Read(./.env)", "Read(//etc/shadow)", "Edit(/generated/**)", "WebFetch(domain:evil.example)"],
      "additionalDirectories": ["../docs/"],
      "defaultMode": "acceptEdits"
    },
    "sandbox": {
      "enabled": true,
      "filesystem": { "allowWrite": ["/var/cache/x"], "denyWrite": ["./infra"], "denyRead": ["~/.aws"] },
      "network": { "allowedDomains": ["*.npmjs.org", "*"], "deniedDomains": ["tracker.example"], "strictAllowlist": true, "allowLocalBinding": true },
      "credentials": { "files": [{ "path": "~/.netrc", "mode": "mask" }], "envVars": [{ "name": "GH_TOKEN", "mode": "deny" }] }
    },
    "hooks": {}
  }`

  test('are read with both their ways of writing paths', () => {
    const { policy, format, report } = take(SETTINGS)
    expect(format).toBe('claude')
    expect(policy).toEqual({
      network: 'listed',
      allow: ['github.com', '*.npmjs.org'],
      deny: ['evil.example', 'tracker.example'],
      files: [
        { path: '~/.zshrc', access: 'read' },
        { path: '.env', access: 'deny' },
        // Two slashes are absolute in a rule of permissions, one is the project's.
        { path: '/etc/shadow', access: 'deny' },
        { path: 'generated/**', access: 'read' },
        { path: '../docs/', access: 'write' },
        // One slash is absolute in the sandbox.
        { path: '/var/cache/x', access: 'write' },
        { path: 'infra', access: 'read' },
        { path: '~/.aws', access: 'deny' },
        { path: '~/.netrc', access: 'mask' },
      ],
    })
    expect(report.exact).toContainEqual({
      ...{ key: 'sandbox.network.strictAllowlist', becomes: 'network: listed', why: null },
    })
    expect(report.approximate).toContainEqual({
      ...{ key: 'permissions.deny Read(./.env)', becomes: 'files: .env deny' },
      why: 'held for every program, not only for the agent’s own tools',
    })
    for (const key of [
      ...['permissions.allow Bash(npm run lint)', 'permissions.allow mcp__srv__tool'],
      ...['permissions.defaultMode', 'sandbox.network.allowLocalBinding', 'hooks'],
      ...['sandbox.network.allowedDomains *', 'sandbox.credentials.envVars', 'sandbox.enabled'],
    ])
      expect(report.dropped).toContainEqual({ key, becomes: null, why: expect.any(String) })
  })
})

test('settings of sandbox-runtime list hosts, and all others are refused', () => {
  const { policy, format } = take(
    `{"network": {"allowedDomains": ["a.example"], "deniedDomains": ["b.example:443"]},
      "filesystem": {"denyRead": ["~/.ssh"], "allowWrite": [".", "/tmp"], "denyWrite": [".git"]}}`,
  )
  expect(format).toBe('srt')
  expect(policy).toEqual({
    ...{ network: 'listed', allow: ['a.example'], deny: ['b.example'] },
    files: [
      { path: '.', access: 'write' },
      { path: '/tmp', access: 'write' },
      { path: '.git', access: 'read' },
      { path: '~/.ssh', access: 'deny' },
    ],
  })
})

describe('a configuration of Codex', () => {
  test('with the classic keys', () => {
    const { policy, format, report } = take(`
approval_policy = "on-request"
sandbox_mode = "workspace-write"
model = "gpt-5"
[sandbox_workspace_write]
writable_roots = ["/srv/cache"]
network_access = false
`)
    expect(format).toBe('codex')
    expect(policy).toEqual({ network: 'closed', files: [{ path: '/srv/cache', access: 'write' }] })
    expect(report.dropped.map(({ key }) => key)).toEqual(['approval_policy', 'model'])
    expect(take('sandbox_mode = "read-only"').policy).toEqual({
      ...{ network: 'closed', files: [{ path: '.', access: 'read' }] },
    })
    const open = take('sandbox_mode = "danger-full-access"')
    expect(open.policy).toEqual({})
    expect(open.report.dropped[0]?.why).toContain('a person’s act')
  })

  test('with the profile that is chosen', () => {
    const { policy, report } = take(`
default_permissions = "mine"
[permissions.mine]
extends = ":workspace"
[permissions.mine.filesystem]
":minimal" = "read"
"~/.ssh" = "deny"
"/data" = "read"
[permissions.mine.network]
enabled = true
mode = "limited"
allow_local_binding = false
[permissions.mine.network.domains]
"*.github.com" = "allow"
"evil.com" = "deny"
[permissions.other]
extends = ":read-only"
`)
    expect(policy).toEqual({
      ...{ network: 'listed', allow: ['*.github.com'], deny: ['evil.com'] },
      files: [
        { path: '~/.ssh', access: 'deny' },
        { path: '/data', access: 'read' },
      ],
    })
    expect(report.dropped.map(({ key }) => key)).toContain('permissions.other')
  })
})

test('rules of OpenCode and Gemini CLI are mostly of their tools, and that is said', () => {
  const opencode = take(
    '{"permission": {"bash": {"git *": "allow", "*": "ask"}, "edit": "deny", "webfetch": "ask"}}',
  )
  expect(opencode.format).toBe('opencode')
  expect(opencode.policy).toEqual({ files: [{ path: '.', access: 'read' }] })
  expect(opencode.report.dropped).toHaveLength(3)
  const gemini = take(
    '[[rule]]\ntoolName = "write_file"\ndecision = "deny"\npriority = 100\n[[rule]]\ntoolName = "run_shell_command"\ncommandPrefix = "git"\ndecision = "allow"\n',
  )
  expect(gemini.format).toBe('gemini')
  expect(gemini.policy).toEqual({ files: [{ path: '.', access: 'read' }] })
})

test('lists of firewalls block hosts; what is for one program only is not widened', () => {
  const rule =
    take(`{"created": "2024-01-01", "name": "block", "enabled": true, "action": "deny", "duration": "always",
    "operator": {"type": "list", "operand": "list", "list": [
      {"type": "simple", "operand": "process.path", "data": "/usr/bin/curl"},
      {"type": "simple", "operand": "dest.host", "data": "tracker.example"}]}}`)
  expect([rule.format, rule.policy]).toEqual(['opensnitch', { deny: ['tracker.example'] }])
  expect(rule.report.approximate).toEqual([
    {
      ...{ key: 'rule block tracker.example', becomes: 'deny: tracker.example' },
      why: 'for every program',
    },
  ])
  const allowed = take(`{"name": "let", "action": "allow", "operator": {"type": "list", "list": [
      {"type": "simple", "operand": "process.path", "data": "/usr/bin/curl"},
      {"type": "simple", "operand": "dest.host", "data": "a.example"}]}}`)
  expect(allowed.policy).toEqual({})
  const list =
    take(`{"name": "Blocklist", "denied-remote-domains": ["ads.example"], "denied-remote-hosts": ["x.example"],
    "denied-remote-addresses": ["203.0.113.9"], "rules": [
      {"action": "deny", "process": "any", "remote-hosts": ["y.example", "z.example"]},
      {"action": "allow", "process": "/Applications/Mail.app", "remote-domains": "mail.example"}]}`)
  expect(list.format).toBe('lsrules')
  expect(list.policy.deny).toEqual([
    ...['ads.example', '*.ads.example', 'x.example', '203.0.113.9', 'y.example', 'z.example'],
  ])
  expect(list.policy.allow).toBeUndefined()
})

test('what is no file of anything known says so', () => {
  const problemOf = (text: string) => {
    const imported = importPolicy(text)
    return imported.ok ? null : imported.error
  }
  expect(problemOf('{"a": 1}')).toEqual({ type: 'unknown_format' })
  expect(problemOf('["a"]')).toEqual({ type: 'unknown_format' })
  expect(problemOf('[package]\nname = "a"\n')).toEqual({ type: 'unknown_format' })
  expect(problemOf(' \n')).toEqual({ type: 'empty' })
  expect(problemOf('{\n "permissions": {\n')).toMatchObject({
    ...{ type: 'unparsable', as: 'JSON', line: 3 },
  })
  expect(problemOf('a = 1\n= nonsense {')).toMatchObject({
    ...{ type: 'unparsable', as: 'TOML', line: 2, detail: expect.any(String) },
  })
  expect(problemOf('['.repeat(200_000))).toMatchObject({ type: 'unparsable', as: 'JSON' })
})

test('tables of Codex below a path are read with the paths in them', () => {
  const { policy, report } = take(`
default_permissions = "mine"
[permissions.mine.filesystem]
glob_scan_max_depth = 3
[permissions.mine.filesystem.":workspace_roots"]
"." = "read"
"**/*.env" = "deny"
[permissions.mine.filesystem.":tmpdir"]
"x" = "write"
`)
  expect(policy.files).toEqual([
    { path: '.', access: 'read' },
    { path: '**/*.env', access: 'deny' },
  ])
  expect(report.dropped).toHaveLength(2)
})

test('a list longer than a policy fills it, and says what was left', () => {
  const domains = Array.from({ length: 200 }, (_, n) => `ads${n}.example`)
  const { policy, report } = take(JSON.stringify({ 'denied-remote-domains': domains }))
  expect(policy.deny).toHaveLength(256)
  expect(report.dropped).toHaveLength(400 - 256)
  expect(report.dropped[0]?.why).toContain('room for 256')
})

test('what is no path is no rule', () => {
  const { policy, report } = take('{"permissions": {"additionalDirectories": [""]}}')
  expect(policy).toEqual({})
  expect(report.dropped.map(({ why }) => why)).toEqual(['it is no path'])
})

test('a dev container gives its image, its folders and names of variables, and opens nothing', () => {
  const { policy, report } = take(`{
    // As the documentation of dev containers has them.
    "name": "Node & PostgreSQL",
    "image": "mcr.microsoft.com/devcontainers/typescript-node:1-18",
    "features": { "ghcr.io/devcontainers/features/git:1": {} },
    "mounts": [
      "source=\${localEnv:HOME}/.config/tool,target=/home/node/tool,type=bind,readonly",
      "source=\${localWorkspaceFolder}/cache,target=/cache,type=bind",
      "source=\${localEnv:HOME}/.ssh,target=/home/node/.ssh,type=bind",
      "source=/var/run/docker.sock,target=/var/run/docker.sock,type=bind",
      { "source": "data", "target": "/data", "type": "volume" },
    ],
    "containerEnv": { "TOKEN": "\${localEnv:TOKEN}", "MODE": "development" },
    "remoteEnv": { "OTHER": "\${localEnv:TOKEN}" },
    "secrets": { "API_KEY": { "description": "of the service" } },
    "runArgs": ["--network=host"], "privileged": true,
    "postCreateCommand": "npm ci",
  }`)
  expect(policy).toEqual({
    ...{ level: 'container', image: 'mcr.microsoft.com/devcontainers/typescript-node:1-18' },
    files: [
      { path: '~/.config/tool', access: 'read' },
      { path: 'cache', access: 'write' },
    ],
    variables: ['TOKEN', 'API_KEY'],
  })
  expect(report.exact).toEqual([])
  const dropped = report.dropped.map(({ key, why }) => `${key}: ${why}`)
  for (const [key, words] of [
    ['mounts ~/.ssh', 'keys'],
    ['mounts /var/run/docker.sock', 'boundary'],
    ['mounts data', 'volumes'],
    ['containerEnv.MODE', 'no values'],
    ['remoteEnv.OTHER', 'another name'],
    ['runArgs', 'boundary'],
    ['privileged', 'boundary'],
    ['postCreateCommand', 'chosen'],
    ['features', 'chosen'],
    ['name', 'no matter'],
  ] as const)
    expect(dropped).toContainEqual(
      expect.stringMatching(`^${key.replaceAll('.', '\\.')}: .*${words}`),
    )
  expect(dropped).toHaveLength(10)
})

test('rules of Codex give the hosts they name, and say that commands are its own', () => {
  const { policy, report } = take(`# As its documentation has them.
prefix_rule(
    pattern = ["gh", "pr", "view (all)"],
    decision = "prompt",
    justification = "Viewing PRs is allowed with approval",
    match = ["gh pr view 7888"],
)
network_rule(host = "api.github.com", protocol = "https", decision = "allow")
network_rule(host="tracker.example", decision="forbidden")
network_rule(host="asked.example", decision="prompt")
network_rule(decision="allow")
`)
  expect(policy).toEqual({ allow: ['api.github.com'], deny: ['tracker.example'] })
  expect(report.dropped.map(({ why }) => why)).toEqual([
    expect.stringContaining('commands'),
    expect.stringContaining('asks'),
    expect.stringContaining('no host'),
  ])
  expect(report.dropped[0]?.key).toContain('"view (all)"')
  expect(importPolicy('prefix_rule(').ok).toBe(true)
})
