import { PLAIN_PLAN } from '../../helpers/plan.ts'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FileEntry } from '../../../src/main/backends/files/entries.ts'
import { createPlaceholders, type HeldPath } from '../../../src/main/backends/files/placeholders.ts'
import { readFilePolicy, settle } from '../../../src/main/backends/files/policy.ts'
import type { PlanInput, PlannedFileRule } from '../../../src/main/core/isolation/plan.ts'

let root: string
let workspace: string
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'cloche-files-')))
  workspace = join(root, 'project')
  await mkdir(workspace)
})
afterEach(() => rm(root, { recursive: true, force: true }))

const git = (folder: string, ...args: string[]): string =>
  execFileSync('git', args, {
    cwd: folder,
    encoding: 'utf8',
    env: {
      ...{ PATH: process.env.PATH, HOME: root, GIT_CONFIG_NOSYSTEM: '1' },
      ...{ GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@example.org' },
      ...{ GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@example.org' },
    },
  })

async function repository(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  git(folder, 'init', '-q')
  await put(join(folder, 'a'), 'a')
  git(folder, 'add', 'a')
  git(folder, 'commit', '-qm', 'first')
}

async function put(path: string, text = ''): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

const rule = (name: string, access: PlannedFileRule['access']): PlannedFileRule => ({
  path: join(workspace, name),
  asked: join(workspace, name),
  access,
  isPattern: /[*?[]/.test(name),
})

const plan = (changes: Partial<PlanInput> = {}): PlanInput => ({
  ...PLAIN_PLAN,
  level: 'os',
  workspace,
  home: root,
  user: 'ada',
  ...changes,
})

const nobodyHolds = (): boolean => false

/** `path access`, with `+` where a stand-in is needed; the names every workspace has left out. */
async function entriesOf(changes: Partial<PlanInput> = {}): Promise<string[]> {
  const { entries } = await readFilePolicy(plan(changes), nobodyHolds)
  return entries
    .filter(({ path, absent }) => !(absent && dirname(path) === workspace))
    .map((entry) => words(entry, workspace))
}

const words = ({ path, access, absent }: FileEntry, from: string): string =>
  `${relative(from, path) || '.'} ${access}${absent ? `+${absent}` : ''}`

describe('what the boundary protects by itself', () => {
  test('settings that do not exist are held by empty folders, so that none can be made', async () => {
    const { entries } = await readFilePolicy(plan(), nobodyHolds)
    const names = entries.map((entry) => words(entry, workspace))
    for (const name of ['.git', '.claude', '.codex', '.gemini', '.opencode', '.vscode', '.idea'])
      expect(names).toContain(`${name} read+folder`)
    for (const name of ['.mcp.json', '.devcontainer', '.cursor', '.husky', '.envrc', '.bashrc'])
      expect(names).toContain(`${name} read+folder`)
  })

  test('a repository: configuration and hooks, in a folder that cannot be renamed', async () => {
    await repository(workspace)
    expect(await entriesOf()).toEqual([
      '.git pin',
      '.git/commondir read+own-common-folder',
      '.git/config read',
      '.git/config.worktree read+empty-file',
      '.git/hooks read',
    ])
  })

  test('what stands for absent files leaves git as it is', async () => {
    await repository(workspace)
    const { entries } = await readFilePolicy(plan(), nobodyHolds)
    const before = git(workspace, 'status', '--porcelain', '--ignored')
    const placeholders = createPlaceholders({ save: () => Promise.resolve() }, [], silent)
    const letGo = await placeholders.hold(entries)
    expect(await readdir(workspace)).toContain('.mcp.json')
    expect(git(workspace, 'status', '--porcelain', '--ignored')).toBe(before)
    await put(join(workspace, 'a'), 'b')
    git(workspace, 'commit', '-qam', 'second')
    git(workspace, 'worktree', 'add', '-q', join(root, 'other'), '-b', 'other')
    git(workspace, 'gc', '-q')
    expect(git(workspace, 'log', '--oneline').trim().split('\n')).toHaveLength(2)
    expect(git(join(root, 'other'), 'status', '--porcelain')).toBe('')
    await letGo()
    expect((await readdir(workspace)).sort()).toEqual(['.git', 'a'])
    expect(await readdir(join(workspace, '.git'))).not.toContain('commondir')
  })

  test('nested repositories, submodules and worktrees that exist', async () => {
    await repository(workspace)
    await repository(join(workspace, 'vendor', 'sub'))
    await put(join(workspace, '.git', 'modules', 'lib', 'core', 'HEAD'), 'ref: refs/heads/main')
    await put(join(workspace, '.git', 'modules', 'lib', 'core', 'config'))
    git(workspace, 'worktree', 'add', '-q', join(workspace, 'tree'), '-b', 'tree')
    const found = await entriesOf()
    for (const line of [
      'vendor pin',
      'vendor/sub pin',
      'vendor/sub/.git pin',
      'vendor/sub/.git/hooks read',
      'vendor/sub/.git/config read',
      '.git/modules/lib/core/config read',
      '.git/modules/lib/core/hooks read+folder',
      '.git/worktrees/tree/commondir read',
      '.git/worktrees/tree/gitdir read',
      'tree pin',
      'tree/.git read',
    ])
      expect(found).toContain(line)
  })

  test('files of the workspace that the configuration makes git obey', async () => {
    await repository(workspace)
    git(workspace, 'config', 'core.hooksPath', 'tools/hooks')
    git(workspace, 'config', 'include.path', '../git.inc')
    await put(join(workspace, 'git.inc'))
    const found = await entriesOf()
    expect(found).toContain('git.inc read')
    await mkdir(join(workspace, 'tools'))
    expect(await entriesOf()).toContain('tools/hooks read+folder')
  })

  test('a worktree brings in the repository it belongs to, protected; a planted pointer nothing', async () => {
    await repository(join(root, 'main'))
    await rm(workspace, { recursive: true })
    git(join(root, 'main'), 'worktree', 'add', '-q', workspace, '-b', 'tree')
    const { entries } = await readFilePolicy(plan(), nobodyHolds)
    const found = entries.map((entry) => words(entry, root))
    expect(found).toContain('main/.git write')
    expect(found).toContain('main/.git/hooks read')
    expect(found).toContain('main/.git/worktrees/project/commondir read')
    expect(found).toContain('project/.git read')

    await rm(join(workspace, '.git'))
    await repository(join(root, 'victim'))
    await put(join(workspace, '.git'), `gitdir: ${join(root, 'victim', '.git')}\n`)
    const planted = await readFilePolicy(plan(), nobodyHolds)
    expect(planted.entries.filter(({ path }) => path.includes('victim'))).toEqual([])
    expect(planted.entries.map((entry) => words(entry, root))).toContain('project/.git read')
  })

  test.each(['link', 'pipe'])(
    'a %s in their place cannot be held: refused, named',
    async (kind) => {
      const path = join(workspace, '.mcp.json')
      if (kind === 'link') await symlink('/etc/hostname', path)
      else execFileSync('mkfifo', [path])
      await expect(readFilePolicy(plan(), nobodyHolds)).rejects.toMatchObject({ path })
    },
  )

  test('unless the person allows writing to it: then it is theirs to judge', async () => {
    await mkdir(join(root, 'shared'))
    await symlink(join(root, 'shared'), join(workspace, '.claude'))
    const allowed: PlannedFileRule = {
      ...rule('.claude', 'write'),
      path: join(root, 'shared'),
    }
    expect(await entriesOf({ files: [allowed] })).toEqual(['../shared write'])
  })

  test('a socket of the machine is covered', async () => {
    const server = createServer().listen(join(workspace, 'db.sock'))
    await new Promise((done) => server.once('listening', done))
    expect(await entriesOf()).toEqual(['db.sock deny'])
    server.close()
  })
})

describe('a person’s rules', () => {
  test('one for exactly a protected path replaces the protection', async () => {
    await put(join(workspace, '.claude', 'settings.json'))
    expect(await entriesOf()).toEqual(['.claude read'])
    expect(await entriesOf({ files: [rule('.claude', 'write')] })).toEqual(['.claude write'])
  })

  test('patterns meet names of any kind that exist, also in hidden folders', async () => {
    const odd = ['a b.pem', '[x].pem', 'new\nline.pem', '.hidden/deep/k.pem', 'ü.pem', '*.pem']
    for (const name of [...odd, 'pem', 'k.pem.txt']) await put(join(workspace, name))
    expect((await entriesOf({ files: [rule('**/*.pem', 'deny')] })).sort()).toEqual(
      odd.map((name) => `${name} deny`).sort(),
    )
  })

  test('secrets look empty, templates and other people’s packages do not', async () => {
    const secret = ['.env', 'api/.env.local', 'id_ed25519', 'tls/server.KEY', '.npmrc']
    const open = ['.env.example', 'node_modules/x/test.pem', 'src/env.ts', 'key.ts']
    for (const name of [...secret, ...open]) await put(join(workspace, name))
    expect((await entriesOf({ maskSecrets: true })).sort()).toEqual(
      secret.map((name) => `${name} mask`).sort(),
    )
    expect(await entriesOf()).toEqual([])
  })

  test('a read-only workspace needs no stand-ins', async () => {
    await repository(workspace)
    const { entries } = await readFilePolicy(plan({ files: [rule('', 'read')] }), nobodyHolds)
    expect(entries.map((entry) => words(entry, workspace))).toEqual([
      '. read',
      '.git/config read',
      '.git/hooks read',
    ])
  })

  test('a name that is no text refuses every pattern, and nothing else', async () => {
    execFileSync('/bin/sh', ['-c', `: >"$(printf 'bad\\377name')"`], { cwd: workspace })
    expect(await entriesOf()).toEqual([])
    await expect(
      readFilePolicy(plan({ files: [rule('**/*.pem', 'deny')] }), nobodyHolds),
    ).rejects.toThrow(/no text/)
  })

  test('a workspace that became a link is refused', async () => {
    await rm(workspace, { recursive: true })
    await symlink('/etc', workspace)
    await expect(readFilePolicy(plan(), nobodyHolds)).rejects.toMatchObject({ path: workspace })
  })
})

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

test('whatever the order of the rules, the strictest holds and nothing is below what is hidden', () => {
  const entry = fc.record({
    path: fc
      .array(fc.constantFrom('a', 'b', 'a b', '.c', 'a-'), { minLength: 1, maxLength: 3 })
      .map((parts) => `/w/${parts.join('/')}`),
    kind: fc.constant<FileEntry['kind']>('folder'),
    access: fc.constantFrom<FileEntry['access']>('read', 'write', 'mask', 'deny', 'pin'),
    origin: fc.constant<FileEntry['origin']>('person'),
    absent: fc.constant(null),
  })
  fc.assert(
    fc.property(
      fc.array(entry, { maxLength: 12 }),
      fc.infiniteStream(fc.nat()),
      (entries, random) => {
        const settled = settle(entries)
        const shuffled = entries
          .map((item) => ({ item, at: random.next().value }))
          .sort((a, b) => a.at - b.at)
          .map(({ item }) => item)
        expect(settle(shuffled)).toEqual(settled)
        settled.forEach((item, index) => {
          const outer = settled.filter(({ path }) => item.path.startsWith(`${path}/`))
          for (const { path, access } of outer) {
            expect(['deny', 'mask']).not.toContain(access)
            expect(settled.findIndex((other) => other.path === path)).toBeLessThan(index)
          }
        })
        for (const { path, access } of entries)
          if (access === 'deny')
            expect(
              settled.some(
                (other) =>
                  (other.access === 'deny' || other.access === 'mask') &&
                  (path === other.path || path.startsWith(`${other.path}/`)),
              ),
            ).toBe(true)
      },
    ),
  )
})

describe('stand-ins', () => {
  const entry = (path: string, absent: FileEntry['absent'] = 'folder'): FileEntry => ({
    path,
    kind: absent === 'folder' ? 'folder' : 'file',
    access: 'read',
    origin: 'boundary',
    absent,
  })
  const saved: HeldPath[][] = []
  const document = {
    save: (value: HeldPath[]) => {
      saved.push(value)
      return Promise.resolve()
    },
  }

  test('stay while any session needs them, and go with the last', async () => {
    const placeholders = createPlaceholders(document, [], silent)
    const first = await placeholders.hold([entry(join(workspace, '.claude'))])
    const second = await placeholders.hold([entry(join(workspace, '.claude'))])
    expect(placeholders.isHeld(join(workspace, '.claude'))).toBe(true)
    await first()
    expect(await readdir(workspace)).toEqual(['.claude'])
    await second()
    expect(await readdir(workspace)).toEqual([])
    expect(saved.at(-1)).toEqual([])
  })

  test('what somebody put there is theirs and stays', async () => {
    const placeholders = createPlaceholders(document, [], silent)
    const letGo = await placeholders.hold([
      entry(join(workspace, '.vscode')),
      entry(join(workspace, 'config.worktree'), 'empty-file'),
    ])
    await put(join(workspace, '.vscode', 'settings.json'), '{}')
    await put(join(workspace, 'config.worktree'), '[core]\n')
    await letGo()
    expect((await readdir(workspace)).sort()).toEqual(['.vscode', 'config.worktree'])
  })

  test('are known on disk before they exist, and taken away after a crash', async () => {
    let known: HeldPath[] = []
    const crashed = createPlaceholders(
      {
        save: async (value) => {
          expect(await readdir(workspace)).toEqual([])
          known = value
        },
      },
      [],
      silent,
    )
    await crashed.hold([entry(join(workspace, '.claude')), entry(join(workspace, '.mcp.json'))])
    expect(await readdir(workspace)).toHaveLength(2)
    await createPlaceholders(document, known, silent).sweep()
    expect(await readdir(workspace)).toEqual([])
  })

  test('something that appears meanwhile stops the start, and nothing is left', async () => {
    const placeholders = createPlaceholders(document, [], silent)
    await put(join(workspace, '.mcp.json'), '{}')
    await expect(
      placeholders.hold([entry(join(workspace, '.claude')), entry(join(workspace, '.mcp.json'))]),
    ).rejects.toMatchObject({ path: join(workspace, '.mcp.json') })
    expect(await readdir(workspace)).toEqual(['.mcp.json'])
    expect(placeholders.isHeld(join(workspace, '.claude'))).toBe(false)
  })
})
