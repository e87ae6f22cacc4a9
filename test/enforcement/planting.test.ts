import { execFileSync, spawn } from 'node:child_process'
import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { LEVEL, notInVm } from '../helpers/level.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import {
  makePlace,
  type Place,
  runInside,
  startSandbox,
  testBackend,
  testPlaceholders,
} from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap')

let place: Place
beforeEach(async () => {
  place = await makePlace()
})
afterEach(() => place.dispose())

const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
    cwd: place.workspace,
    encoding: 'utf8',
  })

/** What an agent would plant for something outside to obey later, and the name it stands under. */
const PLANTS: readonly (readonly [name: string, script: string])[] = [
  ...['.claude', '.codex', '.gemini', '.opencode', '.cursor', '.vscode', '.idea', '.devcontainer']
    .concat(['.husky'])
    .map(
      (name) =>
        [`${name}/settings.json`, `mkdir -p ${name}; echo x >${name}/settings.json`] as const,
    ),
  ...['.mcp.json', '.envrc', '.bashrc', '.zshrc', '.zshenv', '.profile'].map(
    (name) => [name, `echo x >${name}`] as const,
  ),
]
const GIT_PLANTS: readonly (readonly [name: string, script: string])[] = [
  ['.git/hooks/pre-commit', 'mkdir -p .git/hooks; echo x >.git/hooks/pre-commit'],
  ['.git/config', 'git config core.fsmonitor ./evil; echo "[core]" >>.git/config'],
  ['.git/config.worktree', 'echo x >.git/config.worktree'],
  ['.git/commondir', 'echo /evil >.git/commondir'],
  ['.git-moved', 'mv .git .git-moved; mkdir -p .git/hooks; echo x >.git/hooks/pre-commit'],
  ['.git/hooks-moved', 'mv .git/hooks .git/hooks-moved'],
  ['.git/deleted', 'rm -rf .git/hooks && mkdir .git/hooks && touch .git/deleted'],
  [
    'sub/.git/hooks/pre-push',
    'echo x >sub/.git/hooks/pre-push; mv sub other; mkdir -p sub/.git/hooks',
  ],
]

/** Everything below the workspace with its content, but for what stands in for absent paths. */
async function contents(folder = place.workspace): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && !/\/\.git\/(objects|logs|index)/.test(path))
      found[path.slice(folder.length + 1)] = await readFile(path, 'utf8').catch(() => 'unreadable')
  }
  return found
}

/** A machine takes seconds to start, so there one tries all of them. */
const tries = (
  plants: typeof PLANTS,
): readonly (readonly [...(typeof PLANTS)[number], number])[] =>
  LEVEL === 'vm'
    ? [['all of them', plants.map(([, script]) => `(${script})`).join('\n'), plants.length]]
    : plants.map(([name, script]) => [name, script, 1])

describe('what does not exist cannot be planted', () => {
  test.each(tries(PLANTS))('%s', async (_, script, count) => {
    // The control: outside it can.
    execFileSync('/bin/sh', ['-c', script], { cwd: place.workspace })
    expect(Object.keys(await contents())).toHaveLength(count)
    await place.dispose()
    place = await makePlace()
    await runInside(place, ['/bin/sh', '-c', script])
    expect(await contents()).toEqual({})
    expect(await readdir(place.workspace)).toEqual([])
  })

  test.each(tries(GIT_PLANTS))('in a repository: %s', async (name, script) => {
    const prepare = async (): Promise<void> => {
      git('init', '-q')
      git('commit', '-q', '--allow-empty', '-m', 'first')
      await mkdir(join(place.workspace, 'sub'))
      execFileSync('git', ['init', '-q'], { cwd: join(place.workspace, 'sub') })
    }
    await prepare()
    const before = await contents()
    execFileSync('/bin/sh', ['-c', `${script}; true`], { cwd: place.workspace, stdio: 'ignore' })
    const planted = await contents()
    expect(planted, `unconfined, ${name} must be changed`).not.toEqual(before)
    await place.dispose()
    place = await makePlace()
    await prepare()
    const clean = await contents()
    const status = git('status', '--porcelain')
    await runInside(place, ['/bin/sh', '-c', script])
    expect(await contents()).toEqual(clean)
    expect(git('status', '--porcelain')).toBe(status)
  })
})

test('work on a repository goes on: commits, branches, worktrees, stashes', async () => {
  git('init', '-q', '-b', 'main')
  git('commit', '-q', '--allow-empty', '-m', 'first')
  const { output } = await runInside(place, [
    '/bin/sh',
    '-c',
    `git() { command git -c user.name=a -c user.email=a@example.org "$@"; }
     set -e
     echo a >a && git add a && git commit -qm second && git checkout -qb topic && echo b >>a
     git stash -q && git stash pop -q && git commit -qam third && git merge -q main
     git worktree add -q tree -b other && git -C tree status --short && git gc -q && git status --short
     echo all of it`,
  ])
  expect(output).toContain('all of it')
  expect(git('log', '--oneline', 'topic').trim().split('\n')).toHaveLength(3)
  expect(git('status', '--porcelain')).toBe('?? tree/\n')
})

const aroundToo = notInVm(test, 'the sandbox around the machine makes the same mounts')

aroundToo(
  'two sessions of one workspace: the end of one leaves the other’s protection',
  async () => {
    const backend = testBackend(undefined, {}, testPlaceholders())
    const start = () =>
      startSandbox(
        place,
        [
          '/bin/sh',
          '-c',
          'while [ ! -e go ]; do sleep 0.05; done; mkdir -p .claude; echo x >.claude/settings.json; sleep 0.1',
        ],
        {},
        backend,
      )
    const [first, second] = [await start(), await start()]
    if (!first.sandbox.ok || !second.sandbox.ok) throw new Error('not started')
    await first.sandbox.value.release()
    await second.sandbox.value.release()
    await first.sandbox.value.destroy()
    expect(await readdir(place.workspace)).toContain('.claude')
    await writeFile(join(place.workspace, 'go'), '')
    await second.terminal.exited
    await second.sandbox.value.destroy()
    expect(await readdir(place.workspace)).toEqual(['go'])
  },
)

aroundToo(
  'a path swapped for a link while sessions start shows nothing of where the link leads',
  async () => {
    const secret = 'only-outside-the-workspace'
    const private_ = join(place.home, 'private')
    await mkdir(private_)
    await writeFile(join(private_, 'secret'), secret)
    await mkdir(join(place.workspace, '.claude'))
    const swapper = spawn('/usr/bin/python3', [
      '-c',
      `
import os, sys
folder, victim = sys.argv[1], sys.argv[2]
os.symlink(victim, os.path.join(folder, 'link'))
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
a, b = os.path.join(folder, '.claude').encode(), os.path.join(folder, 'link').encode()
print('swapping', flush=True)
import time
while True:
    libc.renameat2(-100, a, -100, b, 2)
    time.sleep(0.004)
`,
      place.workspace,
      private_,
    ])
    await new Promise((done) => swapper.stdout.once('data', done))
    try {
      expect(['link', '.claude']).toContain(
        (await lstat(join(place.workspace, '.claude'))).isSymbolicLink() ? 'link' : '.claude',
      )
      let started = 0
      for (let n = 0; n < 12; n++) {
        const backend = testBackend()
        const outcome = await startSandbox(
          place,
          ['/bin/sh', '-c', 'cat .claude/secret link/secret 2>&1'],
          {},
          backend,
        ).catch(() => null)
        if (!outcome?.sandbox.ok) continue
        started++
        await outcome.sandbox.value.release()
        await outcome.terminal.exited
        expect(outcome.terminal.output()).not.toContain(secret)
        await outcome.sandbox.value.destroy()
      }
      // Some starts are refused, which is right; this says how many were not.
      console.log(`${started} of 12 sessions started while a path was swapped`)
    } finally {
      swapper.kill('SIGKILL')
    }
    expect(await readFile(join(private_, 'secret'), 'utf8')).toBe(secret)
  },
  60_000,
)
