import { beforeEach, expect, test } from 'vitest'
import {
  createFurtherTerminals,
  type FurtherTerminals,
} from '../../../src/main/core/further-terminals.ts'
import type { Entered, Entry } from '../../../src/main/core/terminal-port.ts'
import { type SessionId, TerminalId } from '../../../src/shared/domain/ids.ts'
import { processKey } from '../../../src/shared/domain/process.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'
import { err, ok, type Result } from '../../../src/shared/result.ts'

const SESSION = 'ses_0000000000000001' as SessionId
const ID = TerminalId.parse('trm_0000000000000001')
const PERSON = { shell: 'electron' } as const

/** In the order in which it was done. */
let done: string[]
let facts: Fact[]
let terminals: FurtherTerminals
let spawn: Result<{ pid: number }, { detail: string }>
let joined: Result<Entered, string>
let isWatched: boolean

const program: Entered = {
  pid: 42,
  release: () => Promise.resolve(void done.push('release')),
  signal: (signal) => Promise.resolve(void done.push(signal)),
}
const entry: Entry = {
  launch: { file: '/enter', args: [], env: {}, cwd: '/' },
  join: () => Promise.resolve(joined),
  abandon: () => Promise.resolve(void done.push('abandon')),
}

beforeEach(() => {
  ;[done, facts] = [[], []]
  ;[spawn, joined, isWatched] = [ok({ pid: 41 }), ok(program), true]
  const session = { status: 'running', spec: { level: 'os' } }
  terminals = createFurtherTerminals({
    sessions: () => ({
      get: () => session as never,
      sandbox: () => ok({ enter: () => Promise.resolve(ok(entry)) } as never),
      watchOf: () =>
        isWatched
          ? ({
              adopt: (pid: number) => {
                done.push('adopt')
                return Promise.resolve(processKey(pid, 1))
              },
            } as never)
          : null,
    }),
    ptyHost: {
      spawn: () => Promise.resolve(spawn),
      kill: (id) => {
        done.push('kill')
        // Its process ends of it, which the PTY host tells.
        queueMicrotask(() =>
          terminals.exited(id as TerminalId, { kind: 'signalled', signal: 'SIGKILL' }),
        )
      },
      text: () => Promise.resolve('sandbox-enter: the limits'),
      release: () => void done.push('forget'),
    },
    timeline: {
      append: (_, fact) => void facts.push(fact),
      state: () => null,
      monoOriginMs: () => 0,
    },
    store: { terminalLogPath: () => '/log' },
    secrets: { of: () => [] },
    newId: (() => ID) as never,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    shell: null,
    mayUnconfineInBrowser: false,
    graceMs: 10,
  })
})

test('a shell runs only after it is watched, and told of', async () => {
  expect(await terminals.open(SESSION, PERSON)).toEqual(ok(ID))
  expect(done).toEqual(['adopt', 'release'])
  expect(facts).toEqual([
    { type: 'terminal/opened', terminal: ID, number: 1, key: processKey(42, 1) },
  ])
  expect(terminals.has(SESSION, ID)).toBe(true)
  expect(terminals.has('ses_0000000000000002' as SessionId, ID)).toBe(false)
})

test('what does not stand inside is killed, and leaves nothing', async () => {
  joined = err('It does not stand as the agent does.')
  expect(await terminals.open(SESSION, PERSON)).toEqual(
    err({ type: 'refused', reason: 'It does not stand as the agent does.' }),
  )
  expect(done).toEqual(['abandon', 'kill', 'forget'])
  expect(facts).toEqual([])
  expect(terminals.has(SESSION, ID)).toBe(false)
})

test('its own words say why where nothing else does', async () => {
  joined = err('')
  expect(await terminals.open(SESSION, PERSON)).toMatchObject({
    error: { reason: 'sandbox-enter: the limits' },
  })
})

test('what cannot be started is undone', async () => {
  spawn = err({ detail: 'no terminal is left' })
  expect(await terminals.open(SESSION, PERSON)).toMatchObject({
    error: { type: 'refused', reason: 'no terminal is left' },
  })
  expect(done).toEqual(['abandon', 'forget'])
})

test('what nobody watches does not run', async () => {
  isWatched = false
  expect(await terminals.open(SESSION, PERSON)).toMatchObject({ error: { type: 'refused' } })
  expect(done).not.toContain('release')
  expect(done).toContain('kill')
})

test('an end is told once; what was said after the end is not told', async () => {
  await terminals.open(SESSION, PERSON)
  terminals.active(ID, 3, 3)
  terminals.exited(ID, { kind: 'exited', code: 0 })
  terminals.exited(ID, { kind: 'lost' })
  terminals.active(ID, 3, 6)
  expect(facts.map(({ type }) => type)).toEqual([
    'terminal/opened',
    'terminal/active',
    'terminal/ended',
  ])
})

test('closing asks it to end, and kills what does not', async () => {
  await terminals.open(SESSION, PERSON)
  done = []
  expect(await terminals.close(SESSION, ID)).toEqual(ok(null))
  expect(done).toEqual(['SIGHUP', 'kill', 'SIGKILL', 'forget'])
  expect(await terminals.close(SESSION, ID)).toEqual(err({ type: 'unknown_terminal' }))
})

test('the end of a session waits for one that is just being opened, and lets it not run', async () => {
  let join: (result: Result<Entered, string>) => void = () => undefined
  const waiting = new Promise<Result<Entered, string>>((resolve) => {
    join = resolve
  })
  Object.assign(entry, { join: () => waiting })
  const opening = terminals.open(SESSION, PERSON)
  await Promise.resolve()
  const ending = terminals.endAll(SESSION)
  join(ok(program))
  await ending
  Object.assign(entry, { join: () => Promise.resolve(joined) })
  expect(await opening).toMatchObject({ error: { type: 'refused' } })
  expect(done).not.toContain('release')
  expect(facts).toEqual([])
})

test('when the PTY host is lost all of them are over', async () => {
  await terminals.open(SESSION, PERSON)
  terminals.ptyHostLost()
  await terminals.endAll(SESSION)
  expect(facts.at(-1)).toEqual({ type: 'terminal/ended', terminal: ID, exit: { kind: 'lost' } })
})
