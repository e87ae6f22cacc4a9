import { beforeEach, describe, expect, test } from 'vitest'
import {
  addRule,
  changeLimit,
  changeRule,
  limitRow,
  limitsOf,
  removeRule,
  resetDetails,
  setDetails,
  specOfDetails,
  standInProblem,
  useDetails,
} from '../../../src/renderer/stores/draft-details.ts'
import { SessionSpec } from '../../../src/shared/domain/session.ts'

const DEFAULTS = { cpuPercent: null, memoryBytes: 12_595_331_073, processes: 4096, diskBytes: null }
const GRANT = { name: 'TOKEN', source: 'kept', isSecret: true } as const
const BOUND = { level: 'os', defaults: DEFAULTS } as const

beforeEach(resetDetails)

describe('limits', () => {
  test('untouched they are the defaults to the byte, though the field shows them rounded', () => {
    const { limits } = useDetails.getState()
    expect(limitRow('memory', limits.memory, DEFAULTS)).toEqual({
      isOn: true,
      text: '11.73 GiB',
      problem: null,
    })
    expect(limitsOf(limits, DEFAULTS)).toEqual(DEFAULTS)
  })

  test('one without a default starts with a proposal', () => {
    changeLimit('disk', { isOn: true })
    expect(limitsOf(useDetails.getState().limits, DEFAULTS).diskBytes).toBe(20 * 2 ** 30)
  })

  test('off and on again keeps what was typed', () => {
    changeLimit('memory', { text: '8 GiB' })
    changeLimit('memory', { isOn: false })
    expect(limitsOf(useDetails.getState().limits, DEFAULTS).memoryBytes).toBeNull()
    changeLimit('memory', { isOn: true })
    expect(limitsOf(useDetails.getState().limits, DEFAULTS).memoryBytes).toBe(8 * 2 ** 30)
  })

  test('what is off cannot be wrong', () => {
    changeLimit('memory', { text: 'lots' })
    expect(limitRow('memory', useDetails.getState().limits.memory, DEFAULTS).problem).not.toBeNull()
    changeLimit('memory', { isOn: false })
    expect(limitRow('memory', useDetails.getState().limits.memory, DEFAULTS).problem).toBeNull()
  })
})

describe('rules', () => {
  test('are added up to the most the contract takes', () => {
    for (let n = 0; n < 256; n++) changeRule(addRule()!, { path: `part-${n}` })
    expect(addRule()).toBeNull()
    const { files } = specOfDetails(useDetails.getState(), BOUND)
    expect(SessionSpec.shape.files.safeParse(files).success).toBe(true)
    expect(SessionSpec.shape.files.safeParse([...files, files[0]]).success).toBe(false)
  })

  test('a removed one is gone, the others keep their keys', () => {
    const [first, second] = [addRule()!, addRule()!]
    removeRule(first)
    expect(useDetails.getState().rules.map(({ key }) => key)).toEqual([second])
  })
})

describe('the spec', () => {
  const fill = (): void => {
    changeRule(addRule()!, { path: 'docs', access: 'deny' })
    setDetails({ maskSecrets: true, variables: [GRANT] })
  }

  test('holds what was asked for', () => {
    fill()
    expect(specOfDetails(useDetails.getState(), BOUND)).toEqual({
      files: [{ path: 'docs', access: 'deny' }],
      maskSecrets: true,
      learn: false,
      variables: [GRANT],
      inspectTls: false,
      denies: [],
      image: null,
      devContainer: null,
      limits: DEFAULTS,
    })
  })

  test.each([
    ['container', 'node:24'],
    ['vm', 'node:24'],
    ['os', null],
    ['unconfined', null],
  ] as const)('has an image at level %s: %s', (level, image) => {
    setDetails({ image: 'node:24' })
    expect(specOfDetails(useDetails.getState(), { ...BOUND, level }).image).toBe(image)
  })

  test('names what is wrong with the hosts of a stand-in', () => {
    const problem = (standInFor: string[] | undefined) => standInProblem({ ...GRANT, standInFor })
    expect(problem(undefined)).toBeNull()
    expect(problem(['api.example.org', '*.example.org'])).toBeNull()
    expect(problem([])).toContain('say at which hosts')
    expect(problem(['https://api.example.org'])).toContain('https://api.example.org is no host')
  })

  test('asks for nothing that nothing could hold', () => {
    fill()
    const unbound = { ...BOUND, level: 'unconfined' } as const
    expect(specOfDetails(useDetails.getState(), unbound)).toEqual({
      files: [],
      maskSecrets: false,
      learn: false,
      variables: [GRANT],
      inspectTls: false,
      denies: [],
      image: null,
      devContainer: null,
      limits: { cpuPercent: null, memoryBytes: null, processes: null, diskBytes: null },
    })
  })
})
