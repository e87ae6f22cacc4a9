import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { PromptChange } from '../../../src/shared/contract/api.ts'
import type { ConnectionId, PromptId, SessionId } from '../../../src/shared/domain/ids.ts'
import {
  type Decision,
  NARROW_ANSWER,
  type PermissionRequest,
  type PromptAnswer,
  type Requester,
  type Rule,
} from '../../../src/shared/domain/policy.ts'
import { processKey } from '../../../src/shared/domain/process.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'
import type { NewId } from '../../../src/main/core/ids.ts'
import { createRuleBook, type RuleBook } from '../../../src/main/core/policy/rules.ts'
import { createPrompts, type Prompts } from '../../../src/main/core/prompts.ts'

const A = 'ses_aaaaaaaaaaaaaaaa' as SessionId
const B = 'ses_bbbbbbbbbbbbbbbb' as SessionId
const WORKSPACE = '/home/dev/project'

let rules: RuleBook
let prompts: Prompts
let facts: { sessionId: SessionId; fact: Fact }[]
let nextId: number
let expired: Rule[]

beforeEach(() => {
  vi.useFakeTimers()
  facts = []
  nextId = 0
  expired = []
  rules = createRuleBook([], {
    document: { save: () => Promise.resolve() },
    clock: { wallMs: () => Date.now(), monoMs: () => performance.now() },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    expired: (rule) => expired.push(rule),
  })
  prompts = createPrompts({
    clock: { wallMs: () => Date.now(), monoMs: () => 0 },
    rules,
    report: (sessionId, fact) => facts.push({ sessionId, fact }),
    newId: ((prefix) => `${prefix}_${String(nextId++).padStart(16, '0')}`) as NewId,
    ruleAdded: () => undefined,
    modeOf: () => 'ask',
    timeoutMs: 60_000,
  })
})
afterEach(() => vi.useRealTimers())

function ask(
  host: string,
  options: {
    session?: SessionId
    port?: number
    gone?: AbortSignal
    requester?: Requester
  } = {},
): Promise<Decision> {
  return prompts.ask({
    sessionId: options.session ?? A,
    workspace: WORKSPACE,
    connectionId: `con_${String(nextId++).padStart(16, '0')}` as ConnectionId,
    destination: { host, port: options.port ?? 443, protocol: 'connect' },
    requester: options.requester ?? null,
    gone: options.gone ?? new AbortController().signal,
  })
}

const asker = (pid: number): Requester => ({
  process: { key: processKey(pid, 1), pid, name: `p${pid}`, argv: [], exe: null },
  ancestors: [],
})

function pending(): PermissionRequest[] {
  let state: PermissionRequest[] = []
  prompts.watch((frame) => {
    if (frame.type === 'snapshot') state = frame.state
  })()
  return state
}

const answerFirst = (action: 'allow' | 'deny', lifetime: 'once' | 'session' | 'workspace') =>
  prompts.answer({ promptId: pending()[0]!.id, action, lifetime, ...NARROW_ANSWER })

describe('questions', () => {
  test('wait for a person and pass the answer on', async () => {
    const decision = ask('api.example.org')
    expect(pending().map((request) => request.destination.host)).toEqual(['api.example.org'])
    expect(answerFirst('allow', 'once').ok).toBe(true)
    expect(await decision).toEqual({ action: 'allow', by: { kind: 'person', lifetime: 'once' } })
    expect(pending()).toEqual([])
    expect(rules.all()).toEqual([])
  })

  test('nobody answers: deny when the time is up, not before', async () => {
    const decision = ask('api.example.org')
    await vi.advanceTimersByTimeAsync(59_999)
    expect(pending()).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(await decision).toEqual({ action: 'deny', by: { kind: 'timeout' } })
  })

  test('identical ones collapse and share one answer; others queue, oldest first', async () => {
    const same = [ask('a.example'), ask('a.example'), ask('a.example')]
    const other = ask('b.example')
    const otherPort = ask('a.example', { port: 80 })
    const otherSession = ask('a.example', { session: B })
    expect(pending().map((request) => request.connections.length)).toEqual([3, 1, 1, 1])
    answerFirst('deny', 'once')
    for (const decision of await Promise.all(same)) expect(decision.action).toBe('deny')
    expect(pending()).toHaveLength(3)
    for (const _ of [1, 2, 3]) answerFirst('allow', 'once')
    for (const decision of [await other, await otherPort, await otherSession])
      expect(decision.action).toBe('allow')
  })

  test('an answer for the workspace becomes a rule and settles what it covers elsewhere', async () => {
    const mine = ask('a.example')
    const sameFolderOtherSession = ask('a.example', { session: B })
    answerFirst('allow', 'workspace')
    await mine
    expect(rules.all()).toMatchObject([
      { action: 'allow', host: 'a.example', port: 443, scope: { workspace: WORKSPACE } },
    ])
    expect(await sameFolderOtherSession).toEqual({
      action: 'allow',
      by: { kind: 'rule', ruleId: rules.all()[0]!.id },
    })
  })

  test('an answer for the session does not reach another session', async () => {
    const mine = ask('a.example')
    const other = ask('a.example', { session: B })
    answerFirst('allow', 'session')
    await mine
    expect(pending().map((request) => request.sessionId)).toEqual([B])
    answerFirst('deny', 'once')
    expect((await other).action).toBe('deny')
  })

  test('a client that hangs up withdraws its question', async () => {
    const gone = new AbortController()
    const decision = ask('a.example', { gone: gone.signal })
    gone.abort()
    expect((await decision).action).toBe('deny')
    expect(pending()).toEqual([])
    expect(facts.map(({ fact }) => fact.type)).toEqual(['prompt/raised', 'prompt/answered'])
  })

  test('of several clients one hangs up: the question stays for the rest', async () => {
    const gone = new AbortController()
    const first = ask('a.example', { gone: gone.signal })
    const second = ask('a.example')
    gone.abort()
    expect((await first).action).toBe('deny')
    expect(pending()).toHaveLength(1)
    answerFirst('allow', 'once')
    expect((await second).action).toBe('allow')
  })

  test('the end of a session denies what it still asks, and only that', async () => {
    const mine = ask('a.example')
    const other = ask('b.example', { session: B })
    prompts.cancel(A)
    expect((await mine).action).toBe('deny')
    expect(pending().map((request) => request.sessionId)).toEqual([B])
    prompts.cancel(B)
    expect((await other).action).toBe('deny')
  })

  test('answering twice, or something unknown, changes nothing and says so', async () => {
    const decision = ask('a.example')
    const promptId = pending()[0]!.id
    prompts.answer({ promptId, action: 'deny', lifetime: 'once', ...NARROW_ANSWER })
    await decision
    const late = prompts.answer({
      promptId,
      action: 'allow',
      lifetime: 'workspace',
      ...NARROW_ANSWER,
    })
    expect(late).toEqual({ ok: false, error: { type: 'prompt_expired' } })
    expect(rules.all()).toEqual([])
    const unknown = 'prm_ffffffffffffffff' as PromptId
    expect(
      prompts.answer({ promptId: unknown, action: 'allow', lifetime: 'once', ...NARROW_ANSWER }).ok,
    ).toBe(false)
  })

  test('viewers see each change, in order', async () => {
    const seen: PromptChange['type'][] = []
    prompts.watch((frame) => {
      if (frame.type === 'delta') seen.push(frame.change.type)
    })
    const first = ask('a.example')
    // However many join, viewers are told a few times a second.
    const others = Array.from({ length: 50 }, () => ask('a.example'))
    expect(seen).toEqual(['set'])
    vi.advanceTimersByTime(150)
    expect(seen).toEqual(['set', 'set'])
    expect(pending()[0]?.connections).toHaveLength(51)
    answerFirst('deny', 'session')
    await Promise.all([first, ...others])
    expect(seen).toEqual(['set', 'set', 'settled'])
  })
})

describe('an answer', () => {
  const first = () => pending()[0]!
  const answer = (part: Partial<PromptAnswer>) =>
    prompts.answer({
      promptId: first().id,
      action: 'allow',
      lifetime: 'session',
      ...NARROW_ANSWER,
      ...part,
    })

  test('may be wider than the question, up to the owner’s own domain', async () => {
    const asked = ask('registry.npmjs.org')
    expect(first().wider).toBe('*.npmjs.org')
    expect(answer({ host: '*.npmjs.org', everyPort: true }).ok).toBe(true)
    await asked
    expect(rules.all()).toMatchObject([{ host: '*.npmjs.org', port: null }])
  })

  test.each([
    ['someone.github.io', '*.github.io', /more than one owner/],
    ['shop.example.co.uk', '*.co.uk', /more than one owner/],
    ['api.example.org', '*.example.com', /does not cover/],
    ['api.example.org', 'a b', /cannot be used/],
  ])('about %s cannot be %s', (host, wider, reason) => {
    void ask(host)
    const refused = answer({ host: wider })
    expect(refused).toMatchObject({ ok: false, error: { type: 'answer_refused' } })
    expect(JSON.stringify(refused)).toMatch(reason)
    expect(pending()).toHaveLength(1)
    expect(rules.all()).toEqual([])
  })

  test('for a process that nobody knows makes no rule', () => {
    void ask('api.example.org')
    expect(answer({ lifetime: 'process' })).toMatchObject({
      ok: false,
      error: { type: 'answer_refused' },
    })
  })

  test('for a time ends by itself, and what it allowed is told', async () => {
    const asked = ask('api.example.org')
    answer({ forMs: 60_000 })
    await asked
    await vi.advanceTimersByTimeAsync(59_000)
    expect(rules.all()).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1_600)
    expect(rules.all()).toEqual([])
    expect(expired).toMatchObject([{ host: 'api.example.org' }])
  })

  test('setting the clock back extends nothing', async () => {
    void ask('api.example.org')
    answer({ forMs: 60_000 })
    await vi.advanceTimersByTimeAsync(30_000)
    // Timers stand on the monotonic clock; only the wall clock is moved.
    const performanceNow = performance.now()
    vi.setSystemTime(Date.now() - 3_600_000)
    expect(performance.now()).toBe(performanceNow)
    await vi.advanceTimersByTimeAsync(31_000)
    expect(rules.all()).toEqual([])
  })

  test('says beforehand what rule it would make', () => {
    void ask('registry.npmjs.org')
    expect(
      prompts.ruleFor({
        promptId: first().id,
        action: 'deny',
        lifetime: 'everywhere',
        host: '*.npmjs.org',
        everyPort: false,
        forMs: 1000,
      }),
    ).toMatchObject({
      action: 'deny',
      host: '*.npmjs.org',
      port: 443,
      scope: { kind: 'everywhere' },
    })
    expect(rules.all()).toEqual([])
  })

  test('for one process is none for another that wants the same: that asks anew', async () => {
    const mine = ask('api.example.org', { requester: asker(7) })
    const other = ask('api.example.org', { requester: asker(8) })
    const unknown = ask('api.example.org')
    const asked = first()
    expect(asked.connections).toHaveLength(3)
    expect(answer({ lifetime: 'process' }).ok).toBe(true)
    expect(await mine).toMatchObject({ action: 'allow' })
    expect(pending()).toHaveLength(1)
    expect(first().id).not.toBe(asked.id)
    expect(first()).toMatchObject({ requester: { process: { pid: 8 } } })
    expect(first().connections).toHaveLength(2)
    answer({ action: 'deny', lifetime: 'once' })
    expect(await other).toMatchObject({ action: 'deny' })
    expect(await unknown).toMatchObject({ action: 'deny' })
    expect(pending()).toEqual([])
  })

  test('for one process leaves a client that hangs up later where it is', async () => {
    const gone = new AbortController()
    void ask('api.example.org', { requester: asker(7) })
    const other = ask('api.example.org', { requester: asker(8), gone: gone.signal })
    answer({ lifetime: 'process' })
    gone.abort()
    expect(await other).toMatchObject({ action: 'deny' })
    expect(pending()).toEqual([])
  })
})
