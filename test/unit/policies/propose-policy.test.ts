import { describe, expect, test } from 'vitest'
import { parsePolicy } from '../../../src/main/policies/parse-policy.ts'
import type { FileNeed } from '../../../src/shared/domain/file-changes.ts'
import type { ConnectionId } from '../../../src/shared/domain/ids.ts'
import { processKey } from '../../../src/shared/domain/process.ts'
import type { Decision } from '../../../src/shared/domain/policy.ts'
import type { NetworkEntry } from '../../../src/shared/network-projection.ts'
import { emptyState, type SessionState } from '../../../src/shared/projection.ts'
import { proposePolicy, textOfPolicy } from '../../../src/shared/propose-policy.ts'
import { sampleSession, sessionId } from '../../helpers/recording.ts'

const ALLOWED: Decision = { action: 'allow', by: { kind: 'default', reason: 'open' } }
const REFUSED: Decision = { action: 'deny', by: { kind: 'person', lifetime: 'once' } }
const UNASKED: Decision = { action: 'deny', by: { kind: 'default', reason: 'no rule' } }

let next = 0
const connection = (host: string, decision: Decision, name = 'npm'): NetworkEntry => ({
  id: `con_${String(next++).padStart(8, '0')}` as ConnectionId,
  destination: { host, port: 443, protocol: 'connect' },
  requester: {
    process: { key: processKey(7, 7), pid: 7, name, argv: [name], exe: null },
    ancestors: [],
  } as NetworkEntry['requester'],
  requestedAtMs: 0,
  decision,
  ...{ address: null, state: 'closed', reason: null, bytesUp: 0, bytesDown: 0, closedAtMs: 0 },
  ...{ carried: null, exchanges: [] },
})

const stateOf = (entries: NetworkEntry[], files = 0): SessionState => ({
  ...emptyState,
  session: sampleSession(sessionId(1)),
  network: new Map(entries.map((entry) => [entry.id, entry])),
  files: new Map(Array.from({ length: files }, (_, n) => [`file-${n}`, {} as never])),
})

/** What the text says when it is read as a folder's policy is. */
function policyFrom(state: SessionState) {
  const parsed = parsePolicy(textOfPolicy(proposePolicy(state, '/home/ada')))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  return parsed.value
}

describe('a policy from what a session did', () => {
  test('lists the hosts it reached, by name, and what a person refused', () => {
    const state = stateOf(
      [
        connection('registry.example.org', ALLOWED),
        connection('registry.example.org', ALLOWED, 'node'),
        connection('cdn.example.org', ALLOWED),
        connection('tracker.example', REFUSED),
        connection('tried.example', UNASKED),
      ],
      3,
    )
    expect(policyFrom(state)).toEqual({
      ...{ level: 'os', network: 'listed' },
      allow: ['registry.example.org', 'cdn.example.org'],
      deny: ['tracker.example'],
    })
    const lines = proposePolicy(state, '/home/ada')
    expect(lines.find(({ value }) => value === 'registry.example.org')?.why).toBe(
      'npm, node, 2 times',
    )
    expect(lines.find(({ value }) => value === 'tried.example')).toMatchObject({
      ...{ isOn: false, why: 'npm only tried, 1 time' },
    })
  })

  test('grants no pattern, no address and nothing of this machine by itself', () => {
    const lines = proposePolicy(
      stateOf([
        ...['a.x.example', 'b.x.example', 'c.x.example'].map((host) => connection(host, ALLOWED)),
        connection('203.0.113.7', ALLOWED),
        connection('host.cloche.internal', ALLOWED),
      ]),
      null,
    )
    expect(lines.some(({ value }) => value.includes('*') || value.includes('host.cloche'))).toBe(
      false,
    )
    expect(lines.find(({ value }) => value === '203.0.113.7')?.isOn).toBe(false)
    expect(lines.some(({ value }) => value.startsWith('~') || value.startsWith('/'))).toBe(false)
  })

  test('lets only read where nothing was changed', () => {
    expect(policyFrom(stateOf([])).files).toEqual([{ path: '.', access: 'read' }])
    expect(policyFrom(stateOf([], 1)).files).toBeUndefined()
  })

  test('what a program calls itself breaks no line of the file', () => {
    const evil = 'x\n"allow": ["*"], // \u202e*/'
    const policy = policyFrom(stateOf([connection('a.example', ALLOWED, evil)]))
    expect(policy.allow).toEqual(['a.example'])
  })

  test('names single files it looked for in vain, and neither folders nor credentials by itself', () => {
    const reader = processKey(9, 9)
    const need = (path: string, more: Partial<FileNeed> = {}): FileNeed => ({
      ...{ outcome: 'absent', path, isFolder: false, isSecret: false, reader, ...more },
    })
    const needs = [
      need('/home/ada/.ssh/id_ed25519', { isSecret: true }),
      need('/home/ada/.cargo', { isFolder: true }),
      need('/home/ada/.gitconfig'),
      need('/opt/tool/settings "of" it'),
      need('src/main.c', { outcome: 'read' }),
    ]
    const state = stateOf([], 1)
    const learned: SessionState = {
      ...state,
      session: { ...sampleSession(sessionId(1)), spec: { ...state.session!.spec, learn: true } },
      fileWatching: { source: 'calls', reason: null },
      needs: new Map(needs.map((item) => [item.path, item])),
      processes: new Map([[reader, { name: 'git' } as never]]),
    }
    expect(policyFrom(learned)).toEqual({
      ...{ level: 'os', network: 'listed', maskSecrets: true },
      files: [
        { path: '~/.gitconfig', access: 'read' },
        { path: '/opt/tool/settings "of" it', access: 'read' },
      ],
    })
    const lines = proposePolicy(learned, '/home/ada')
    expect(lines.filter(({ isOn }) => !isOn).map(({ value, why }) => [value, why])).toEqual([
      ['~/.ssh/id_ed25519', expect.stringContaining('keys')],
      ['~/.cargo', expect.stringContaining('whole folder')],
    ])
    expect(lines.find(({ value }) => value === '~/.gitconfig')?.why).toContain('git')
    const hides = (of: SessionState) => proposePolicy(of, null).at(-1)?.isOn
    expect(hides(learned)).toBe(true)
    // It was to be learned, and calls could not be seen: nothing is known of what it opened.
    expect(hides({ ...learned, fileWatching: { source: 'folder', reason: null } })).toBe(false)
  })

  test('hides no secret that was opened, and none where that was not learned', () => {
    const state = stateOf([], 1)
    const secret: FileNeed = {
      ...{ outcome: 'read', path: '.env', isFolder: false, isSecret: true, reader: null },
    }
    const opened = { ...state, needs: new Map([['.env', secret]]) }
    for (const of of [state, opened])
      expect(proposePolicy(of, null).find(({ key }) => key === 'maskSecrets')?.isOn).toBe(false)
    expect(proposePolicy(opened, null).at(-1)?.why).toContain('.env')
  })
})
