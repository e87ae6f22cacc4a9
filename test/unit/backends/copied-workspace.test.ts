import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bubblewrapArgs } from '../../../src/main/backends/bubblewrap-args.ts'
import { identifyPlan } from '../../../src/main/backends/files/mounted.ts'
import { heldEntries, hiddenPaths } from '../../../src/main/backends/files/on-machine.ts'
import { readFilePolicy } from '../../../src/main/backends/files/policy.ts'
import type { PlanInput } from '../../../src/main/core/isolation/plan.ts'
import { PLAIN_PLAN } from '../../helpers/plan.ts'

let root: string
let plan: PlanInput

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'cloche-copied-')))
  const copy = join(root, 'copy')
  for (const path of ['work/.git/hooks', 'copy/.git/hooks', 'copy/sub'])
    await mkdir(join(root, path), { recursive: true })
  for (const path of ['copy/.git/HEAD', 'copy/.env', 'copy/sub/a.pem', 'work/only-here.pem'])
    await writeFile(join(root, path), 'x')
  plan = {
    ...PLAIN_PLAN,
    ...{ level: 'os', workspace: join(root, 'work'), copy, isReview: true },
    ...{ home: '/home/mara', user: 'mara', maskSecrets: true },
  }
})
afterEach(() => rm(root, { recursive: true, force: true }))

const read = (more: Partial<PlanInput> = {}) => readFilePolicy({ ...plan, ...more }, () => false)
const rule = (path: string, isPattern: boolean): PlanInput['files'][number] => {
  const asked = join(plan.workspace, path)
  return { path: asked, asked, isPattern, access: 'deny' }
}

test('what holds for a workspace holds for its copy, at the paths of the workspace', async () => {
  const { entries } = await read({ files: [rule('**/*.pem', true), rule('sub', false)] })
  const words = entries.map(({ access, path }) => `${access} ${path}`)
  expect(words).toContain(`read ${plan.workspace}/.git/hooks`)
  expect(words).toContain(`mask ${plan.workspace}/.env`)
  expect(words).toContain(`deny ${plan.workspace}/sub`)
  expect(words.join()).not.toContain('only-here')
  expect(words.join()).not.toContain(join(root, 'copy'))
})

test('is mounted from the copy, and nothing of the workspace itself is', async () => {
  const policy = await read()
  const args = bubblewrapArgs(
    plan,
    {
      ...{ folders: [], links: [], etcFolders: [], etcFiles: [], shell: '/bin/sh' },
      ...{ procReadOnly: [], procHiddenFiles: [], procHiddenFolders: [] },
    },
    { env: {}, files: [], empty: '/empty', entries: policy.entries },
  )
  const sources = args.flatMap((word, at) => (/^--(ro-)?bind$/.test(word) ? [args[at + 1]!] : []))
  expect(sources).toContain(join(root, 'copy'))
  expect(sources.filter((path) => path.startsWith(plan.workspace))).toEqual([])
  const held = heldEntries(plan, policy).map(({ path }) => path)
  expect(held.every((path) => path.startsWith(join(root, 'copy')))).toBe(true)
  expect(hiddenPaths(plan, policy)).toContain(join(root, 'copy/.env'))
  const [shown] = await identifyPlan(plan, policy)
  expect(shown?.path).toBe(plan.workspace)
})

test('no rule is held through a link that an earlier run put there', async () => {
  await mkdir(join(root, 'outside'))
  await writeFile(join(root, 'outside/id'), 'of the person')
  await rm(join(root, 'copy/sub'), { recursive: true })
  await symlink(join(root, 'outside'), join(root, 'copy/sub'))
  await expect(read({ files: [rule('sub/id', false)] })).rejects.toMatchObject({
    path: join(plan.workspace, 'sub'),
  })
})

test('what became a link since the plan is refused, as no look inside could tell it', async () => {
  const policy = await read()
  await symlink(join(root, 'outside'), join(root, 'copy/.vscode'))
  await expect(identifyPlan(plan, policy)).rejects.toMatchObject({
    path: join(plan.workspace, '.vscode'),
  })
})
