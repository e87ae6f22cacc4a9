import { describe, expect, test } from 'vitest'
import { claudeQuestions, withQuestions } from '../../../src/main/agents/claude-questions.ts'

const HOOK = {
  matcher: '*',
  hooks: [{ type: 'http', url: 'http://questions.cloche.internal/', timeout: 600 }],
}
const OWN = { matcher: 'Bash', hooks: [{ type: 'command', command: 'mine' }] }
const text = (settings: unknown): string => JSON.stringify(settings)

describe('the arguments', () => {
  test('bring the hook, and nothing else changes', () => {
    const [option, settings, ...others] = withQuestions(['--continue', 'do it'])
    expect([option, others]).toEqual(['--settings', ['--continue', 'do it']])
    expect(JSON.parse(settings ?? '')).toEqual({ hooks: { PermissionRequest: [HOOK] } })
  })

  test.each([['--settings', text({ model: 'x' })], [`--settings=${text({ model: 'x' })}`]])(
    'become one with settings of the person: %s',
    (...given) => {
      const [, settings, ...others] = withQuestions([
        ...['--settings', text({ sandbox: { enabled: false }, model: 'a' })],
        ...['-p', ...given],
      ])
      expect(others).toEqual(['-p'])
      expect(JSON.parse(settings ?? '')).toEqual({
        ...{ sandbox: { enabled: false }, model: 'x' },
        hooks: { PermissionRequest: [HOOK] },
      })
    },
  )

  test('keep hooks of the person', () => {
    const theirs = { hooks: { PermissionRequest: [OWN], Stop: [OWN] } }
    const [, settings] = withQuestions(['--settings', text(theirs)])
    expect(JSON.parse(settings ?? '')).toEqual({
      hooks: { PermissionRequest: [OWN, HOOK], Stop: [OWN] },
    })
  })

  test.each([
    [['--settings', './mine.json']],
    [['--settings=/home/dev/mine.json', '-p']],
    [['--settings', '[]']],
    [['--settings', text({ hooks: [] })]],
    [['--settings', text({ hooks: { PermissionRequest: 'x' } })]],
    [['--settings']],
  ])('stay as they are where theirs cannot be added to: %j', (args) => {
    expect(withQuestions(args)).toEqual(args)
  })

  test('end where the person says so', () => {
    const args = withQuestions(['--', '--settings', './no-option'])
    expect(args.slice(2)).toEqual(['--', '--settings', './no-option'])
    expect(args[0]).toBe('--settings')
  })
})

const asked = {
  ...{ session_id: 'x', hook_event_name: 'PermissionRequest', tool_name: 'Bash', cwd: '/w' },
  tool_input: { command: 'ls', timeout: 5, deep: { a: [1] } },
}

describe('the wire', () => {
  test('gives all members of the input, raw', () => {
    expect(claudeQuestions.read(asked)).toEqual({
      ...{ tool: 'Bash', folder: '/w' },
      input: [
        { name: 'command', value: 'ls' },
        { name: 'timeout', value: '5' },
        { name: 'deep', value: '{"a":[1]}' },
      ],
    })
  })

  test('no name of a member hides it', () => {
    const body: unknown = JSON.parse(
      '{"hook_event_name":"PermissionRequest","tool_name":"Bash","cwd":"/","tool_input":{"__proto__":"rm"}}',
    )
    expect(claudeQuestions.read(body)).toMatchObject({
      input: [{ name: '__proto__', value: 'rm' }],
    })
  })

  test.each([['AskUserQuestion'], ['ExitPlanMode']])(
    '%s is left to its own dialog',
    (tool_name) => {
      expect(claudeQuestions.read({ ...asked, tool_name })).toBe('leave')
    },
  )

  test.each([
    [null],
    [[]],
    ['allow'],
    [{}],
    [{ ...asked, hook_event_name: 'PreToolUse' }],
    [{ ...asked, tool_name: '' }],
    [{ ...asked, tool_name: 'x'.repeat(201) }],
    [{ ...asked, tool_input: null }],
    [{ ...asked, tool_input: ['ls'] }],
    [{ ...asked, tool_input: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [n, n])) }],
    [{ ...asked, cwd: 7 }],
  ])('what is no question is none: %j', (body) => {
    expect(claudeQuestions.read(body)).toBeNull()
  })

  test('answers in its words', () => {
    const decision = (choice: 'allow' | 'deny', words: string): unknown =>
      JSON.parse(claudeQuestions.write(choice, words))
    const of = (decided: object) => ({
      hookSpecificOutput: { hookEventName: 'PermissionRequest', decision: decided },
    })
    expect(decision('allow', 'ignored')).toEqual(of({ behavior: 'allow' }))
    expect(decision('deny', ' use git ')).toEqual(of({ behavior: 'deny', message: 'use git' }))
    expect(decision('deny', '')).toEqual(
      of({ behavior: 'deny', message: 'The person denied this.' }),
    )
  })
})
