import type { Api } from '../../../src/shared/contract/api.ts'
import type { HandlersOf } from '../../../src/shared/contract/define.ts'
import type { ReviewChange } from '../../../src/shared/domain/review.ts'
import { err, ok } from '../../../src/shared/result.ts'
import { sessionId } from './sessions.ts'

const change = (path: string, patch: Partial<ReviewChange> = {}): ReviewChange => ({
  path,
  change: 'changed',
  kind: 'file',
  bytes: 4_180,
  target: null,
  isExecutable: false,
  isConflict: false,
  guard: null,
  seen: `seen ${path}`,
  ...patch,
})

const CHANGES: readonly ReviewChange[] = [
  change('.vscode/tasks.json', { change: 'added', bytes: 412, guard: 'obeyed' }),
  change('docs/old-guide.md', { change: 'deleted', bytes: null }),
  change('package.json', { bytes: 1_204, isConflict: true }),
  change('scripts/release.sh', { change: 'added', bytes: 640, isExecutable: true }),
  change('shared', {
    ...{ change: 'added', kind: 'link', bytes: null },
    ...{ target: '/home/ada/.ssh', guard: 'leads-out' },
  }),
  change('src/auth/login.ts'),
  change('src/auth/session.ts', { bytes: 2_311 }),
  change('test/auth/redirect.test.ts', { change: 'added', bytes: 1_870 }),
]

const BEFORE = 'export function redirect(to: string) {\n  return go(to)\n}\n'
const AFTER =
  'export function redirect(to: string) {\n  if (!isOwn(to)) return go("/")\n  return go(to)\n}\n'

/** This one's copy waits. */
export const isUnreviewed = (id: string): boolean => id === sessionId(7)

/** A copy of which everything can be applied, as often as there is something left. */
export function fakeReview(seen: string[]): HandlersOf<Api>['review'] {
  let changes = [...CHANGES]
  let isOpen = true
  const closed = err({ type: 'no_review' as const })
  return {
    look: () =>
      Promise.resolve(
        isOpen
          ? ok({
              ...{ changes, isWhole: true, leftOutCount: 1 },
              leftOut: [{ path: 'tmp/agent.sock', why: 'special' as const }],
            })
          : closed,
      ),
    content: ({ path }) =>
      Promise.resolve(
        path === 'shared'
          ? ok({ before: null, after: null, unshown: 'link' as const })
          : ok({ before: BEFORE, after: AFTER, unshown: null }),
      ),
    apply: ({ choices }) => {
      seen.push(
        `apply ${choices.map(({ path, overwrites, isTicked }) => `${path}${overwrites ? ' over' : ''}${isTicked ? ' ticked' : ''}`).join(', ')}`,
      )
      const refused = choices.filter(({ path }) => path === 'src/auth/session.ts')
      const applied = choices.filter((choice) => !refused.includes(choice)).map(({ path }) => path)
      changes = changes.filter(({ path }) => !applied.includes(path))
      return Promise.resolve(
        ok({
          applied,
          refused: refused.map(({ path }) => ({
            ...{ path, why: 'changed-since' as const, detail: '' },
          })),
        }),
      )
    },
    discard: () => {
      seen.push('discard')
      isOpen = false
      return Promise.resolve(ok(null))
    },
  }
}
