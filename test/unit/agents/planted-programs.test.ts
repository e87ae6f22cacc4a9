import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { descriptorOf } from '../../../src/main/agents/descriptors.ts'
import { findOwnTool, readInterpreter, readVersion } from '../../../src/main/agents/locate.ts'
import { findAgent, findCommand } from '../../../src/main/agents/program.ts'

let root: string
let workspace: string
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'cloche-planted-')))
  workspace = join(root, 'workspace')
  await mkdir(join(workspace, 'node_modules', '.bin'), { recursive: true })
})
afterEach(() => rm(root, { recursive: true, force: true }))

async function program(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, '#!/bin/sh\n', { mode: 0o755 })
  return path
}
const tool = (name: string): string => join(workspace, 'node_modules', '.bin', name)

/** Looks while another program has its way; a look that waits for it fails the test. */
const atOnce = <T>(look: Promise<T>): Promise<T | 'it waits'> =>
  Promise.race([look, new Promise<'it waits'>((done) => setTimeout(done, 1000, 'it waits'))])

test('a tool of the workspace that leads out of it is not taken: the one on PATH is', async () => {
  const elsewhere = await program(join(root, 'private', 'node_modules', 'other', 'run'))
  const installed = await program(join(root, 'bin', 'claude'))
  const around = { env: { PATH: dirname(installed) }, home: root, workspace }
  const claude = descriptorOf('claude-code')

  const own = await program(join(workspace, 'node_modules', 'claude', 'run'))
  await symlink(own, tool('claude'))
  expect(await findAgent(claude, around)).toMatchObject({ executable: { target: own } })
  expect(await findCommand('claude', around)).toMatchObject({ target: own })

  await rm(tool('claude'))
  await symlink(elsewhere, tool('claude'))
  expect(await findAgent(claude, around)).toMatchObject({ executable: { target: installed } })
  expect(await findCommand('claude', around)).toMatchObject({ target: installed })
})

test('a workspace reached through a link has its tools all the same', async () => {
  await program(tool('claude'))
  await symlink(workspace, join(root, 'link'))
  expect(await findOwnTool('claude', join(root, 'link'))).toMatchObject({ target: tool('claude') })
})

test('pipes and devices where a file is expected neither hold up a look nor are read', async () => {
  const pipes = [tool('claude'), join(workspace, 'package.json')]
  execFileSync('sh', ['-c', 'mkfifo -m 755 "$@"', 'sh', ...pipes])
  await symlink('/dev/zero', tool('codex'))
  expect(await findOwnTool('claude', workspace)).toBeNull()
  expect(await findOwnTool('codex', workspace)).toBeNull()
  // As when they are exchanged for a file that was there a moment before.
  expect(await atOnce(readInterpreter(tool('claude')))).toBeNull()
  expect(await atOnce(readInterpreter('/dev/zero'))).toBeNull()
  expect(await atOnce(readVersion(join(workspace, 'bin'), 'claude'))).toBeNull()
})
