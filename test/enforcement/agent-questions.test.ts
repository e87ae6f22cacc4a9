import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import type { AgentChoice, AgentQuestion } from '../../src/shared/domain/agent-question.ts'
import type { SessionId } from '../../src/shared/domain/ids.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { type FakeModel, startFakeModel } from '../helpers/fake-model.ts'
import { follow, outputOf, startTestHost, type TestHost } from '../helpers/host.ts'
import { AGENTS_BIN } from '../helpers/person.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { CLAUDE_ENV, CLAUDE_VARIABLES, signedInClaude } from '../helpers/signed-in.ts'
import { shellSpec } from '../helpers/spec.ts'

const test = requireCapability('bubblewrap')

const COMMAND = 'echo made > made-by-tool'
/** What a person's own hook leaves behind, so that it is known to have run. */
const OWN_HOOK = {
  hooks: {
    PermissionRequest: [{ hooks: [{ type: 'command', command: 'touch own-hook-ran' }] }],
  },
}

let host: TestHost
let connection: Connection
let model: FakeModel
let questions: AgentQuestion[]
/** For a program that is not the agent. */
let place: string

/** `path`: where agents are looked for first. */
async function begin(path: string): Promise<void> {
  host = await startTestHost({
    hosts: { 'model.test': model.address },
    env: { PATH: `${path}:${process.env.PATH}`, ...CLAUDE_ENV },
  })
  connection = await host.connect()
  questions = []
  connection.api.question.list(null, (frame) => {
    if (frame.type === 'snapshot') questions = frame.state
    else if (frame.change.type === 'set') questions = [...questions, frame.change.question]
    else {
      const { id } = frame.change
      questions = questions.filter((item) => item.id !== id)
    }
  })
}

beforeEach(async () => {
  place = await mkdtemp('/var/tmp/cloche-not-claude-')
  model = await startFakeModel(COMMAND)
})
afterEach(async () => {
  await host.dispose()
  model.close()
  await rm(place, { recursive: true })
})

/** As one who has used it here before: no first screens. */
async function startClaude(settings: object = {}): Promise<SessionId> {
  await begin(AGENTS_BIN)
  await signedInClaude(join(host.dataDir, 'homes/claude-code'), host.workspace)
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, ''),
    ...{ agent: 'claude-code', command: null, network: 'deny' },
    ...{ grants: ['model.test'] },
    variables: CLAUDE_VARIABLES,
    args: ['--settings', JSON.stringify(settings), 'Please do it.'],
  })
  if (!created.ok) throw failure(created.error)
  return created.value.id
}

const asked = async (): Promise<AgentQuestion> => {
  await expect.poll(() => questions.length, { timeout: 60_000 }).toBe(1)
  return questions[0]!
}

const answer = (choice: AgentChoice, words = '') =>
  connection.api.question.answer({ promptId: questions[0]!.id, choice, words })

/** What it drew, without escapes and blanks. */
const screenOf = async (id: SessionId): Promise<string> =>
  (await outputOf(connection, id)).replaceAll(/\x1b\[[0-9;?<>=]*[A-Za-z]|\s/g, '')

async function type(id: SessionId, keys: string): Promise<void> {
  const nothing = () => undefined
  const viewer = { screen: nothing, output: nothing, resized: nothing, closed: nothing }
  const terminal = connection.openTerminal(id, { cols: 120, rows: 32 }, viewer)
  // A dialog ignores keys in its first moments.
  await new Promise((done) => setTimeout(done, 1000))
  terminal.write(Buffer.from(keys))
}

const madeByTool = (): Promise<string | null> =>
  readFile(join(host.workspace, 'made-by-tool'), 'utf8').catch(() => null)

const factsOf = async (id: SessionId) => {
  const { events, stop } = follow(connection, id)
  await expect.poll(() => events.length).toBeGreaterThan(0)
  stop()
  return events.map(({ fact }) => fact).filter((fact) => fact.type.startsWith('question/'))
}

test('Claude Code’s own question is asked here, and allowed it runs; hooks of the person’s run too', async () => {
  const id = await startClaude(OWN_HOOK)
  const question = await asked()
  expect(question).toMatchObject({
    sessionId: id,
    tool: 'Bash',
    folder: host.workspace,
    input: [
      { name: 'command', value: COMMAND },
      { name: 'description', value: 'Only lists files' },
    ],
  })
  expect(question.requester?.process.name).toMatch(/claude/)
  expect(await madeByTool()).toBeNull()
  expect(await answer('allow')).toEqual({ ok: true, value: null })
  await expect.poll(madeByTool, { timeout: 30_000 }).toBe('made\n')
  expect(await readFile(join(host.workspace, 'own-hook-ran'), 'utf8')).toBe('')
  expect(questions).toEqual([])
  const by = { kind: 'person', choice: 'allow', words: '' }
  expect(await factsOf(id)).toEqual([
    { type: 'question/asked', question },
    { type: 'question/settled', question, outcome: by },
  ])
})

test('denied it does not run, and the agent is told why', async () => {
  await startClaude()
  await asked()
  expect(await answer('deny', 'Not in this folder.')).toEqual({ ok: true, value: null })
  await expect
    .poll(() => model.results.join(), { timeout: 30_000 })
    .toContain('Not in this folder.')
  expect(await madeByTool()).toBeNull()
})

test('left to the terminal, it is answered there', async () => {
  const id = await startClaude()
  await asked()
  expect(await answer('leave')).toEqual({ ok: true, value: null })
  await expect.poll(() => screenOf(id)).toContain('Doyouwanttoproceed?')
  expect(await madeByTool()).toBeNull()
  await type(id, '1')
  await expect.poll(madeByTool, { timeout: 30_000 }).toBe('made\n')
})

test('answered in the terminal, it is withdrawn here, and an answer of here does nothing', async () => {
  const id = await startClaude()
  const question = await asked()
  await expect.poll(() => screenOf(id)).toContain('Doyouwanttoproceed?')
  await type(id, '\x1b')
  await expect.poll(() => questions.length).toBe(0)
  const late = { promptId: question.id, choice: 'allow', words: '' } as const
  expect(await connection.api.question.answer(late)).toEqual({
    ok: false,
    error: { type: 'question_expired' },
  })
  await expect.poll(() => screenOf(id)).toContain('Interrupted')
  expect(await madeByTool()).toBeNull()
  const outcome = { kind: 'withdrawn', why: 'hung-up' }
  expect(await factsOf(id)).toContainEqual({ type: 'question/settled', question, outcome })
})

/** In Claude Code’s place: whatever a program inside sends, it sends by itself. */
async function startInstead(script: string): Promise<SessionId> {
  const path = join(place, 'claude')
  await writeFile(path, `#!/bin/bash\n${script}\n`, { mode: 0o755 })
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, ''),
    ...{ agent: 'claude-code', command: null, network: 'deny' },
  })
  if (!created.ok) throw failure(created.error)
  return created.value.id
}

const POST = `curl -s -m 60 -X POST http://questions.cloche.internal/ -d`
const bodyOf = (more: object): string =>
  JSON.stringify({
    ...{ hook_event_name: 'PermissionRequest', tool_name: 'Bash', cwd: '/' },
    ...{ tool_input: { command: 'true' }, ...more },
  })

test('a program inside can only ask as its own session, and an answer changes nothing but its own', async () => {
  await begin(place)
  const one = await startInstead('touch began; sleep 600')
  // Both are the same file, which the second one replaces.
  await expect
    .poll(() => readFile(join(host.workspace, 'began'), 'utf8').catch(() => null), {
      timeout: 30_000,
    })
    .toBe('')
  const other = await startInstead(
    `${POST} '${bodyOf({ session_id: one, sessionId: one })}' > answer; sleep 600`,
  )
  const question = await asked()
  expect(question.sessionId).toBe(other)
  expect(question.requester?.process.name).toBe('curl')
  expect(await answer('allow')).toEqual({ ok: true, value: null })
  await expect
    .poll(() => readFile(join(host.workspace, 'answer'), 'utf8'), { timeout: 10_000 })
    .toContain('"behavior":"allow"')
  expect(await factsOf(one)).toEqual([])
})

test('garbage, what is huge and a flood raise no more than is let', async () => {
  await begin(place)
  const id = await startInstead(
    `head -c 3000000 /dev/zero | tr '\\0' x > huge
${POST} '{"hook_event_name":' -o /dev/null -w '%{http_code} ' >> codes
${POST} @huge -o /dev/null -w '%{http_code} ' >> codes
for n in $(seq 100); do ${POST} '${bodyOf({})}' -o /dev/null & done
sleep 2; echo end >> codes; sleep 600`,
  )
  const codes = () => readFile(join(host.workspace, 'codes'), 'utf8').catch(() => '')
  await expect.poll(codes, { timeout: 30_000 }).toMatch(/end/)
  expect(await codes()).toBe('400 200 end\n')
  await expect.poll(() => questions.length).toBe(16)
  expect(new Set(questions.map(({ sessionId }) => sessionId))).toEqual(new Set([id]))
})
