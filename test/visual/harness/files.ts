import {
  ContentHash,
  type FileChange,
  type FileContent,
} from '../../../src/shared/domain/file-changes.ts'
import type { Api } from '../../../src/shared/contract/api.ts'
import type { HandlersOf } from '../../../src/shared/contract/define.ts'
import type { ListedFile } from '../../../src/shared/domain/manifest.ts'
import { processKey } from '../../../src/shared/domain/process.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'
import { err, ok } from '../../../src/shared/result.ts'

const texts = new Map<ContentHash, string>()

/** A made-up name for a made-up content. */
function content(text: string): FileContent {
  const hash = ContentHash.parse(String(texts.size + 1).padStart(64, '0'))
  texts.set(hash, text)
  return { kind: 'file', bytes: text.length, hash }
}

export const contentOf = (hash: ContentHash): string | null => texts.get(hash) ?? null

const ABSENT: FileContent = { kind: 'absent' }
const BEFORE = content(`import { redirect } from './router'
import { session } from './session'

export async function login(request: Request): Promise<Response> {
  const user = await session.open(request)
  if (!user) return redirect('/login')
  return redirect(request.headers.get('referer') ?? '/')
}

export function logout(request: Request): Response {
  session.close(request)
  return redirect('/')
}
`)
const BETWEEN = content(`import { redirect } from './router'
import { session } from './session'

export async function login(request: Request): Promise<Response> {
  const user = await session.open(request)
  if (!user) return redirect('/login')
  return redirect(new URL(request.url).searchParams.get('next') ?? '/')
}

export function logout(request: Request): Response {
  session.close(request)
  return redirect('/')
}
`)
const AFTER = content(`import { redirect } from './router'
import { session } from './session'

/** Only a path of our own: anything else could lead a person away after signing in. */
const isOwnPath = (path: string): boolean => path.startsWith('/') && !path.startsWith('//')

export async function login(request: Request): Promise<Response> {
  const user = await session.open(request)
  if (!user) return redirect('/login')
  const next = new URL(request.url).searchParams.get('next') ?? '/'
  return redirect(isOwnPath(next) ? next : '/')
}

export function logout(request: Request): Response {
  session.close(request)
  return redirect('/')
}
`)
const TEST = content(
  `test('leads only to paths of our own', async () => {\n  expect(await next('//evil.example')).toBe('/')\n})\n`,
)

const changed = (
  change: FileChange['change'],
  path: string,
  pid: number | null,
  before: FileContent,
  after: FileContent,
): Fact => ({
  ...{ type: 'file/changed', change, path, from: null, isFolder: false },
  ...{ writer: pid === null ? null : processKey(pid, pid), before, after },
})

const missed = (path: string, pid: number, isSecret = false, isFolder = false): Fact => ({
  ...{ type: 'file/needed', outcome: 'absent', path, isFolder, isSecret },
  reader: processKey(pid, pid),
})

/** What the made-up session changes, by milliseconds since its start. */
export const FILE_FACTS: readonly (readonly [number, Fact])[] = [
  [395, { type: 'file/watching', source: 'calls', reason: null }],
  [30_000, missed('/home/ada/.gitconfig', 4100)],
  [31_000, missed('/home/ada/.ssh/known_hosts', 4100, true)],
  [33_000, missed('/home/ada/.cargo', 4131, false, true)],
  [40_000, changed('written', 'src/auth/login.ts', 4100, BEFORE, BETWEEN)],
  [52_000, changed('created', 'src/auth/login.test.ts', 4100, ABSENT, TEST)],
  [
    70_000,
    changed('created', 'node_modules/.vitest/results.json', 4130, ABSENT, {
      kind: 'file',
      bytes: 18_220,
      hash: null,
    }),
  ],
  [
    96_000,
    changed('written', 'coverage/lcov.info', 4131, content('SF:a\n'), content('SF:a\nSF:b\n')),
  ],
  [320_000, changed('written', 'src/auth/login.ts', 4100, BETWEEN, AFTER)],
  [
    336_000,
    changed('deleted', 'src/auth/redirect-helper.ts', 4100, content('export {}\n'), ABSENT),
  ],
  [352_000, changed('written', 'README.md', null, { kind: 'unknown' }, content('# Lighthouse\n'))],
]

const listed = (path: string, bytes: number, kind: ListedFile['kind'] = 'file'): ListedFile => ({
  ...{ path, bytes, kind, isSettled: true },
})
const LISTED: readonly ListedFile[] = [
  ...[listed('README.md', 640), listed('LICENSE', 11_358), listed('package.json', 812)],
  ...[listed('src/auth/login.ts', 391), listed('src/auth/redirect-helper.ts', 10)],
  ...[listed('src/auth/session.ts', 2204), listed('src/router.ts', 5120)],
  ...[listed('coverage/lcov.info', 5), listed('docs/current', 14, 'link')],
  ...Array.from({ length: 400 }, (_, at) => listed(`src/icons/icon-${at}.svg`, 900 + at)),
]

/** What the made-up workspace had at first; all but one of its files is still the same. */
export const fakeManifest: Pick<HandlersOf<Api>['recording'], 'manifest' | 'atStart'> = {
  manifest: () => Promise.resolve({ files: [...LISTED], isWhole: true, isLast: true }),
  atStart: ({ path }) =>
    Promise.resolve(
      path === 'src/router.ts'
        ? err({ type: 'not_known', why: 'changed' })
        : ok({ text: `{\n  "name": "lighthouse",\n  "private": true\n}\n` }),
    ),
}
