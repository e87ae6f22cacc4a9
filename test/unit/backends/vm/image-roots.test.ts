import { expect, test } from 'vitest'
import { variablesOf } from '../../../../src/main/backends/containers/image-use.ts'
import { createImageRoots } from '../../../../src/main/backends/vm/image-roots.ts'
import type { PlanInput } from '../../../../src/main/core/isolation/plan.ts'
import type { ImageJob } from '../../../../src/shared/domain/engine.ts'
import { ImageJobId } from '../../../../src/shared/domain/ids.ts'
import { type FakeImage, startFakeEngine } from '../../../helpers/fake-engine.ts'
import { PLAIN_PLAN } from '../../../helpers/plan.ts'

const PLAN: PlanInput = {
  ...PLAIN_PLAN,
  ...{ level: 'vm', workspace: '/home/ada/work', home: '/home/ada', user: 'ada', image: 'it' },
  argv: ['tool', 'word'],
}
const USABLE: FakeImage = {
  id: `sha256:${'0'.repeat(64)}`,
  env: ['PATH=/own/bin:/bin', 'GREETING=hello'],
  has: ['/bin/sh', '/bin/cat', '/bin/cut', '/bin/tr', '/own/bin/tool'],
}

interface Given {
  readonly image?: Partial<FakeImage>
  readonly isMade?: boolean
  readonly toolPaths?: readonly string[]
  /** How the making ends; null: it does not. */
  readonly end?: Pick<ImageJob, 'state' | 'detail'> | null
}

/** What a start with that image comes to, and how often a disk was asked for. */
async function find({ image = {}, isMade = true, toolPaths = ['/bin/sh'], end = null }: Given) {
  await using engine = await startFakeEngine({ it: { ...USABLE, ...image } })
  let disk = isMade ? '/data/disk' : null
  let count = 0
  const roots = createImageRoots({
    engines: { client: () => Promise.resolve(engine.client) },
    disks: {
      take: () => Promise.resolve(disk === null ? null : { path: disk, letGo: () => undefined }),
    },
    jobs: {
      run: async (request) => {
        count++
        if (!end) return new Promise(() => undefined)
        if (end.state === 'done') disk = '/data/made'
        const id = ImageJobId.parse('job_0000000000000001')
        const times = { startedAtMs: 0, endedAtMs: 1 }
        return { id, request, name: 'it', percent: null, ...times, ...end }
      },
    },
    toolPaths,
    processor: 'x64',
    waitMs: 20,
  })
  const found = await roots.find(PLAN, 'it')
  return { found, count, left: engine.left() }
}

test('an image with a disk is taken as it is', async () => {
  const { found, count, left } = await find({})
  expect(found).toMatchObject({
    ok: true,
    value: {
      ...{ disk: { path: '/data/disk' }, argv: ['/own/bin/tool', 'word'], path: '/own/bin:/bin' },
      env: { GREETING: 'hello' },
    },
  })
  expect([count, left]).toEqual([0, 0])
})

test('without one it is made, once', async () => {
  const { found, count } = await find({ isMade: false, end: { state: 'done', detail: null } })
  expect(found).toMatchObject({ ok: true, value: { disk: { path: '/data/made' } } })
  expect(count).toBe(1)
})

test.each<[string, Given, RegExp, number]>([
  ['for other processors', { image: { architecture: 'arm64' } }, /it is for arm64 processors/, 0],
  ['without a shell', { image: { has: [] } }, /it has no \/bin\/sh/, 0],
  ['and no tool', { isMade: false, toolPaths: [] }, /sqfstar is not installed/, 0],
  ['whose disk takes long', { isMade: false }, /its disk is still being made/, 1],
  [
    'whose disk cannot be made',
    { isMade: false, end: { state: 'failed', detail: 'the disk is full' } },
    /its disk was not made: the disk is full/,
    1,
  ],
  [
    'whose disk was given up',
    { isMade: false, end: { state: 'cancelled', detail: null } },
    /its disk was not made: that was given up/,
    1,
  ],
])('an image %s is refused, with the next step', async (_name, given, detail, wanted) => {
  const { found, count, left } = await find(given)
  expect(found).toMatchObject({
    ok: false,
    error: {
      ...{ type: 'boundary_failed', part: 'the image it', detail: expect.stringMatching(detail) },
      remedy: expect.stringMatching(/\w{5}/),
    },
  })
  expect([count, left]).toEqual([wanted, 0])
})

test('without an engine there is no image', async () => {
  const roots = createImageRoots({
    engines: { client: () => Promise.resolve(null) },
    disks: { take: () => Promise.reject(new Error('asked for')) },
    jobs: { run: () => Promise.reject(new Error('asked for')) },
    processor: 'x64',
  })
  expect(await roots.find(PLAN, 'it')).toMatchObject({
    ok: false,
    error: { detail: expect.stringMatching(/^no container engine answers/) },
  })
})

test('of what an image says of its environment, only variables are taken', () => {
  expect(
    variablesOf([
      ...['A=1', 'B=', 'C=x=y', 'D=two\nlines', 'A=2'],
      // What a plan is told in has a zero between its words.
      ...[
        'E=\0share\0/',
        'F\0=1',
        '=nothing',
        'no equals',
        '1X=1',
        'G H=1',
        `I=${'x'.repeat(40_000)}`,
      ],
    ]),
  ).toEqual({ A: '2', B: '', C: 'x=y', D: 'two\nlines' })
})
