import { describe, expect, test } from 'vitest'
import { NO_LIMITS } from '../../src/shared/domain/limits.ts'
import type { SessionSpec } from '../../src/shared/domain/session.ts'
import { SpecChanges, withChanges, workspaceAccess } from '../../src/shared/domain/spec-changes.ts'
import { lostBy, reachedBy, sumUpChanges } from '../../src/renderer/words/spec-changes.ts'
import { sampleSession, sessionId } from '../helpers/recording.ts'

const spec = (patch: Partial<SessionSpec> = {}): SessionSpec => ({
  ...sampleSession(sessionId(1)).spec,
  workspace: '/home/ada/work',
  ...patch,
})

describe('a session that is started again', () => {
  test.each([['.'], ['./'], ['/home/ada/work'], ['/home/ada/work/']])(
    'is told to be read only by a rule for %s, and writes again without it',
    (path) => {
      const before = spec({ files: [{ path, access: 'read' }] })
      expect(workspaceAccess(before)).toBe('read')
      const after = withChanges(before, { workspace: 'write' })
      expect(after.files).toEqual([])
      expect(workspaceAccess(after)).toBe('write')
    },
  )

  test('keeps rules about parts of the folder, and has one for the whole', () => {
    const files = [
      { path: 'docs', access: 'read' },
      { path: '/home/ada', access: 'deny' },
    ] as const
    const narrowed = withChanges(spec({ files: [...files] }), { workspace: 'read' })
    expect(narrowed.files).toEqual([...files, { path: '.', access: 'read' }])
    expect(withChanges(narrowed, { workspace: 'read' })).toEqual(narrowed)
    expect(withChanges(narrowed, { workspace: 'write' }).files).toEqual(files)
  })

  test('is otherwise as it was asked for', () => {
    const before = spec({ useSignIn: true, maskSecrets: true, acknowledgement: 'unconfined' })
    expect(withChanges(before, {})).toEqual(before)
    expect(withChanges(before, { level: 'vm', limits: NO_LIMITS })).toEqual({
      ...{ ...before, level: 'vm', acknowledgement: null, limits: NO_LIMITS },
    })
    expect(withChanges(before, { useSignIn: false, maskSecrets: false })).toMatchObject({
      ...{ useSignIn: false, maskSecrets: false, level: before.level },
    })
  })

  test('never becomes unconfined by a change', () => {
    expect(SpecChanges.safeParse({ level: 'unconfined' }).success).toBe(false)
    expect(SpecChanges.safeParse({ level: 'os' }).success).toBe(true)
  })
})

describe('what a change opens', () => {
  const closed = spec({ maskSecrets: true, files: [{ path: '.', access: 'read' }] })

  test('is said, each thing by itself', () => {
    expect(reachedBy(closed, { workspace: 'write' })).toEqual([
      expect.stringContaining('/home/ada/work'),
    ])
    expect(reachedBy(closed, { maskSecrets: false })).toEqual([expect.stringContaining('.env')])
    expect(reachedBy(closed, { useSignIn: true })).toEqual([expect.stringContaining('sign-in')])
    expect(lostBy(spec({ level: 'container' }), { level: 'os' })).toHaveLength(1)
  })

  test('is nothing where it is stricter, or the same', () => {
    const open = spec({ useSignIn: true })
    for (const changes of [
      ...[{ workspace: 'read' }, { maskSecrets: true }, { useSignIn: false }, { level: 'vm' }],
      ...[{ workspace: 'write' }, { maskSecrets: false }, { useSignIn: true }],
    ] as SpecChanges[]) {
      expect([changes, reachedBy(open, changes), lostBy(open, changes)]).toEqual([changes, [], []])
    }
  })

  test('has a line of the timeline', () => {
    expect(sumUpChanges({ level: 'vm', workspace: 'read', maskSecrets: true })).toBe(
      'level VM, workspace read only, secrets in it look empty',
    )
  })
})
