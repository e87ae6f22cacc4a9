import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import type { PlannedFileRule } from '../../src/main/core/isolation/plan.ts'
import type { Axis, AxisReport } from '../../src/shared/domain/isolation.ts'
import { failure } from '../helpers/failure.ts'
import { notInVm } from '../helpers/level.ts'
import { runOutside, shell } from '../helpers/outside.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { makePlace, type Place, runInside, startSandbox } from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap')

let place: Place
beforeEach(async () => {
  place = await makePlace()
})
afterEach(() => place.dispose())

async function put(name: string, text: string): Promise<string> {
  const path = join(place.workspace, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  return path
}

const rule = (path: string, access: PlannedFileRule['access']): PlannedFileRule => ({
  path: join(place.workspace, path),
  asked: join(place.workspace, path),
  access,
  isPattern: path.includes('*'),
})

/** One line a command: `ok` or `no`. */
async function attempts(
  commands: readonly string[],
  more: Parameters<typeof runInside>[2] = {},
): Promise<Record<string, string>> {
  const { output } = await runInside(place, shell(script(commands)), more)
  return answersOf(commands, output)
}

const script = (commands: readonly string[]): string =>
  commands
    .map((command) => `if (${command}) >/dev/null 2>&1; then echo ok; else echo no; fi`)
    .join('\n')

function answersOf(commands: readonly string[], output: string): Record<string, string> {
  const lines = output.split(/\r?\n/).filter((line) => line === 'ok' || line === 'no')
  return Object.fromEntries(commands.map((command, index) => [command, lines[index] ?? 'nothing']))
}

describe('rules', () => {
  test('what is hidden is empty or closed, what is not is as it was', async () => {
    await put('.env', 'KEY=1')
    await put('keys/one', 'secret')
    await put('notes/one', 'secret')
    await put('open', 'text')
    const files = [rule('.env', 'mask'), rule('keys', 'deny'), rule('notes', 'mask')]
    const commands = [
      'grep -q KEY .env',
      'test -e .env',
      'echo more >>.env',
      'rm .env',
      'mv .env x',
      'ls keys',
      'cat keys/one',
      'chmod 755 keys',
      'test -z "$(ls notes)"',
      'echo x >notes/two',
      'grep -q text open',
    ]
    const openly = await runOutside(shell(script(commands)), { cwd: place.workspace })
    expect(answersOf(commands, openly)).toMatchObject({
      ...{ 'grep -q KEY .env': 'ok', 'cat keys/one': 'ok', 'rm .env': 'ok' },
      'echo x >notes/two': 'ok',
    })
    await put('.env', 'KEY=1')
    await put('keys/one', 'secret')
    await rm(join(place.workspace, 'notes/two'))
    const held = await attempts(commands, { files })
    expect(held).toEqual({
      'grep -q KEY .env': 'no',
      'test -e .env': 'ok',
      'echo more >>.env': 'no',
      'rm .env': 'no',
      'mv .env x': 'no',
      'ls keys': 'no',
      'cat keys/one': 'no',
      'chmod 755 keys': 'no',
      'test -z "$(ls notes)"': 'ok',
      'echo x >notes/two': 'no',
      'grep -q text open': 'ok',
    })
    expect(await readFile(join(place.workspace, '.env'), 'utf8')).toBe('KEY=1')
  })

  test('a folder outside is readable or writable only by a rule', async () => {
    const library = (name: string): string => join(place.home, name)
    for (const name of ['ruleless', 'readable', 'writable']) {
      await mkdir(library(name))
      await writeFile(join(library(name), 'text'), 'words')
    }
    const tried = (name: string): string[] => [
      `cat ${library(name)}/text`,
      `echo x >${library(name)}/new`,
    ]
    const commands = ['ruleless', 'readable', 'writable'].flatMap(tried)
    const around = (name: string, access: 'read' | 'write') => ({
      ...{ path: library(name), asked: library(name), access, isPattern: false },
    })
    const files = [around('readable', 'read'), around('writable', 'write')]
    const held = Object.values(await attempts(commands, { files }))
    expect(held).toEqual([...['no', 'no'], ...['ok', 'no'], ...['ok', 'ok']])
    expect(await readdir(library('writable'))).toContain('new')
  })

  test('a workspace can be read-only as a whole', async () => {
    await put('text', 'words')
    const commands = ['cat text', 'echo x >new', 'rm text', 'mkdir d']
    const held = await attempts(commands, { files: [rule('.', 'read')] })
    expect(Object.values(held)).toEqual(['ok', 'no', 'no', 'no'])
    expect(await readdir(place.workspace)).toEqual(['text'])
  })
})

describe('a worktree', () => {
  test('commits inside, and cannot touch what its repository obeys', async () => {
    const main = join(place.home, 'main')
    await mkdir(main)
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
        cwd: main,
      })
    git('init', '-q')
    git('commit', '-q', '--allow-empty', '-m', 'first')
    git('worktree', 'add', '-q', join(place.home, 'tree'), '-b', 'tree')
    const inside = { ...place, workspace: join(place.home, 'tree') }
    const { output } = await runInside(inside, [
      '/bin/sh',
      '-c',
      [
        'git -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m inside && echo committed',
        `(echo x >>${main}/.git/config) 2>/dev/null || echo config held`,
        `(echo x >${main}/.git/hooks/pre-commit) 2>/dev/null || echo hooks held`,
        `mv ${main}/.git/hooks ${main}/.git/h 2>/dev/null || echo name held`,
        `ls ${main}`,
      ].join('\n'),
    ])
    expect(output.split(/\r?\n/).filter(Boolean)).toEqual([
      'committed',
      'config held',
      'hooks held',
      'name held',
    ])
    expect(String(git('log', '--oneline', 'tree'))).toContain('inside')
  })
})

describe('probing again', () => {
  const states = (axes: readonly AxisReport[]): Record<Axis, string> =>
    Object.fromEntries(axes.map(({ axis, proven }) => [axis, proven])) as never

  test('a running session is proven again, also after it made files, variables and processes', async () => {
    const { sandbox, terminal } = await startSandbox(place, [
      '/bin/bash',
      '-c',
      'touch "$HOME/mine"; export MINE=1; for i in 1 2 3 4 5 6 7 8 9; do sleep 60 & done; echo ready; wait',
    ])
    if (!sandbox.ok) throw failure(sandbox.error)
    await sandbox.value.release()
    await expect.poll(() => terminal.output()).toContain('ready')
    const before = await readdir(place.workspace)
    const axes = await sandbox.value.probe()
    expect(states(axes)).toEqual({
      files: 'enforced',
      network: 'enforced',
      processes: 'enforced',
      credentials: 'enforced',
    })
    expect(axes.flatMap(({ evidence }) => evidence).length).toBeGreaterThan(15)
    expect(await readdir(place.workspace)).toEqual(before)

    // Somebody on the machine takes the stand-in away: the kernel drops the mount over it.
    await rmdir(join(place.workspace, '.claude'))
    const after = await sandbox.value.probe()
    expect(states(after).files).toBe('open')
    expect(
      after.flatMap(({ evidence }) => evidence).find(({ outcome }) => outcome.includes('.claude')),
    ).toMatchObject({ verdict: 'open' })
    await sandbox.value.destroy()
    expect(await readdir(place.workspace)).toEqual([])
  })

  notInVm(test, 'a machine that does not answer is looked at in test/machines')(
    'a session that is gone proves nothing',
    async () => {
      const { sandbox, terminal } = await startSandbox(place, ['/bin/true'])
      if (!sandbox.ok) throw failure(sandbox.error)
      await sandbox.value.release()
      await terminal.exited
      await sandbox.value.destroy()
      expect(states(await sandbox.value.probe())).toMatchObject({
        files: 'unknown',
        network: 'unknown',
        processes: 'unknown',
        credentials: 'unknown',
      })
    },
  )
})
