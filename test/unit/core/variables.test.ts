import { describe, expect, test } from 'vitest'
import type { SecretBox } from '../../../src/main/core/ports.ts'
import {
  createVariables,
  type KeptVariable,
  memoryBox,
  whyRefused,
} from '../../../src/main/core/variables.ts'
import type { VariableList } from '../../../src/shared/domain/variables.ts'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** In place of a desktop's keyring: what it seals only it opens. */
const keyring = (name: string): SecretBox => ({
  place: 'keyring',
  detail: name,
  seal: (text) => Promise.resolve(Buffer.from(`${name}:${text}`).toString('base64')),
  open: (sealed) => {
    const text = Buffer.from(sealed, 'base64').toString()
    return Promise.resolve(text.startsWith(`${name}:`) ? text.slice(name.length + 1) : null)
  },
})

async function make(kept: readonly KeptVariable[] = [], box = keyring('k')) {
  const saved: KeptVariable[][] = []
  const variables = await createVariables({
    env: { EDITOR: 'vim', TOKEN: 'from-machine', LD_PRELOAD: '/x', PATH: '/bin', 'bad-name': 'x' },
    kept,
    document: {
      save: (value) => {
        saved.push(value)
        return Promise.resolve()
      },
    },
    box,
    log: silent,
  })
  const list = (): VariableList => {
    let state: VariableList | null = null
    variables.watch((frame) => {
      state = frame.type === 'snapshot' ? frame.state : frame.change
    })()
    if (!state) throw new Error('no list')
    return state
  }
  return { variables, saved, list }
}

const grant = (name: string, source: 'machine' | 'kept', isSecret = true) => ({
  name,
  source,
  isSecret,
})

test.each([
  'LD_PRELOAD',
  'DYLD_INSERT_LIBRARIES',
  'NODE_OPTIONS',
  'BASH_ENV',
  'ENV',
  'PYTHONSTARTUP',
  'PERL5OPT',
  'RUBYOPT',
  'JAVA_TOOL_OPTIONS',
  'GIT_DIR',
  'GIT_SSH_COMMAND',
  'ELECTRON_RUN_AS_NODE',
  'SSH_AUTH_SOCK',
  'DBUS_SESSION_BUS_ADDRESS',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'XAUTHORITY',
  'DOCKER_HOST',
  'HTTPS_PROXY',
  'no_proxy',
  'PATH',
  'HOME',
  'CLOCHE_CANARY',
])('%s is never let in', async (name) => {
  expect(whyRefused(name)).toBeTruthy()
  const { variables } = await make()
  expect(variables.resolve([grant(name, 'machine')])).toMatchObject({
    ok: false,
    error: { type: 'variable_refused', name },
  })
  expect(await variables.keep(name, 'x')).toMatchObject({ ok: false, error: { type: 'not_kept' } })
})

test.each(['EDITOR', 'GIT_AUTHOR_NAME', 'ANTHROPIC_API_KEY', 'NODE_ENV', 'TZ'])(
  '%s may be let in',
  (name) => expect(whyRefused(name)).toBeNull(),
)

describe('values', () => {
  test('go into a plan by name, from where they were asked', async () => {
    const { variables } = await make()
    await variables.keep('TOKEN', 'from-person')
    expect(
      variables.resolve([grant('TOKEN', 'machine'), grant('EDITOR', 'machine', false)]),
    ).toEqual({
      ok: true,
      value: {
        env: { TOKEN: 'from-machine', EDITOR: 'vim' },
        secrets: ['from-machine'],
        standIns: [],
      },
    })
    expect(variables.resolve([grant('TOKEN', 'kept')])).toMatchObject({
      ok: true,
      value: { env: { TOKEN: 'from-person' } },
    })
    expect(variables.resolve([grant('NOWHERE', 'machine')])).toMatchObject({
      ok: false,
      error: { type: 'variable_missing', name: 'NOWHERE', source: 'machine' },
    })
  })

  test('that only the gateway is to know have a stand-in inside, another one each time', async () => {
    const { variables } = await make()
    const value = `sk-ant-api03-${'r'.repeat(40)}`
    await variables.keep('API_KEY', value)
    const give = () => {
      const given = variables.resolve([
        { ...grant('API_KEY', 'kept', false), standInFor: ['api.example.org'] },
      ])
      if (!given.ok) throw new Error('not given')
      return given.value
    }
    const { env, secrets, standIns } = give()
    expect(env.API_KEY).toMatch(/^sk-ant-api03-[A-Za-z0-9]{40}$/)
    expect(JSON.stringify(env)).not.toContain(value)
    expect(secrets).toEqual([value])
    expect(standIns).toEqual([
      { name: 'API_KEY', placeholder: env.API_KEY, value, hosts: ['api.example.org'] },
    ])
    expect(give().env.API_KEY).not.toBe(env.API_KEY)
  })

  test('never come out in the list, and are sealed on disk', async () => {
    const { variables, saved, list } = await make()
    await variables.keep('API_KEY', 'sk-very-secret')
    expect(list()).toMatchObject({
      machine: ['EDITOR', 'TOKEN'],
      kept: [{ name: 'API_KEY', place: 'keyring' }],
    })
    expect(JSON.stringify([list(), saved])).not.toContain('sk-very-secret')
    const again = await make(saved.at(-1))
    expect(again.variables.resolve([grant('API_KEY', 'kept')])).toMatchObject({
      ok: true,
      value: { secrets: ['sk-very-secret'] },
    })
  })

  test('without a keyring stay in memory, and that is said', async () => {
    const { variables, saved, list } = await make([], memoryBox('no keyring here'))
    await variables.keep('API_KEY', 'sk-very-secret')
    expect(list()).toMatchObject({
      kept: [{ name: 'API_KEY', place: 'memory' }],
      storage: { place: 'memory', detail: 'no keyring here' },
    })
    expect(saved.flat()).toEqual([])
  })

  test('that another keyring sealed are not lost', async () => {
    const sealed = { name: 'OLD', sealed: Buffer.from('other:x').toString('base64') }
    const { variables, saved } = await make([sealed])
    expect(variables.resolve([grant('OLD', 'kept')]).ok).toBe(false)
    await variables.keep('NEW', 'value')
    expect(saved.at(-1)).toContainEqual(sealed)
  })

  test('are forgotten for good', async () => {
    const { variables, saved, list } = await make()
    await variables.keep('API_KEY', 'sk-very-secret')
    expect((await variables.forget('API_KEY')).ok).toBe(true)
    expect(saved.at(-1)).toEqual([])
    expect(list().kept).toEqual([])
    expect(await variables.forget('API_KEY')).toMatchObject({ ok: false })
  })
})
