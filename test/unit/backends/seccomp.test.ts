import { resolve } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RETURN } from '../../../src/main/backends/bpf.ts'
import { compileSandboxFilter, sandboxFilter } from '../../../src/main/backends/seccomp.ts'
import {
  type Architecture,
  AUDIT_ARCH,
  DENIED,
  SYSCALLS,
  type SyscallName,
  syscallNumber,
  X64_ONLY,
} from '../../../src/main/backends/syscalls.ts'
import { runFilter } from '../../helpers/bpf-machine.ts'
import { disassemble } from '../../helpers/bpf-text.ts'

const ALLOW = 0x7fff0000
const EPERM = 0x00050001
const ENOSYS = 0x00050026
const KILL = 0x80000000

const ARCHITECTURES: readonly Architecture[] = ['x64', 'arm64']
const HIGH = 1n << 32n

/** Rows: what is called, with which arguments, what must come back. */
const BY_ARGUMENT: readonly (readonly [SyscallName, readonly bigint[], number])[] = [
  ['clone', [0x1200011n], ALLOW],
  ['clone', [0x3d0f00n], ALLOW],
  ...[0x20000n, 0x2000000n, 0x4000000n, 0x8000000n, 0x10000000n, 0x20000000n, 0x40000000n].flatMap(
    (flag) =>
      [
        ['clone', [flag | 17n], EPERM],
        ['clone', [flag | HIGH], EPERM],
        ['unshare', [flag], EPERM],
        ['unshare', [flag | HIGH], EPERM],
      ] as const,
  ),
  ['unshare', [0x80n], EPERM],
  ['unshare', [0x600n], ALLOW],
  ['clone3', [0n, 88n], ENOSYS],
  ['seccomp', [0n, 0n], ALLOW],
  ['seccomp', [1n, 0n], ALLOW],
  ['seccomp', [1n, 1n], ALLOW],
  ['seccomp', [1n, 8n], EPERM],
  ['seccomp', [1n | HIGH, 9n | HIGH], EPERM],
  ['ioctl', [0n, 0x5412n], EPERM],
  ['ioctl', [0n, 0x5412n | HIGH], EPERM],
  ['ioctl', [0n, 0x541cn], EPERM],
  ['ioctl', [0n, 0x541cn | (HIGH << 5n)], EPERM],
  ['ioctl', [0n, 0x5413n], ALLOW],
  ['ioctl', [0n, 0x5401n], ALLOW],
  ['socket', [1n, 1n, 0n], ALLOW],
  ['socket', [2n, 1n, 0n], ALLOW],
  ['socket', [10n, 2n, 0n], ALLOW],
  ['socket', [16n, 3n, 0n], ALLOW],
  ['socket', [16n, 3n, 15n], EPERM],
  ['socket', [16n | HIGH, 3n, 9n], EPERM],
  ...[0n, 3n, 15n, 17n, 21n, 30n, 31n, 38n, 40n, 44n].map(
    (family) => ['socket', [family, 1n, 0n], EPERM] as const,
  ),
  ['socketpair', [1n, 1n, 0n], ALLOW],
  ['socketpair', [30n, 1n, 0n], EPERM],
]

describe.each(ARCHITECTURES)('the filter for %s', (architecture) => {
  const program = compileSandboxFilter(architecture)!
  const arch = AUDIT_ARCH[architecture]
  const verdict = (nr: number, args: readonly bigint[] = []) =>
    runFilter(program, { arch, nr, args })

  test.each(DENIED)('refuses %s', (name) => {
    expect(verdict(syscallNumber(name, architecture))).toBe(EPERM)
    expect(verdict(syscallNumber(name, architecture), Array(6).fill(~0n))).toBe(EPERM)
  })

  for (const [name, args, wanted] of BY_ARGUMENT)
    test(`${name}(${args.map((arg) => `0x${arg.toString(16)}`).join(', ')})`, () => {
      expect(verdict(syscallNumber(name, architecture), args)).toBe(wanted)
    })

  test('allows every number it does not speak of', () => {
    const spokenOf = new Set([
      ...[...DENIED, ...BY_ARGUMENT.map(([name]) => name)].map((name) =>
        syscallNumber(name, architecture),
      ),
      ...(architecture === 'x64' ? Object.values(X64_ONLY) : []),
    ])
    const others = Array.from({ length: 600 }, (_, nr) => nr).filter((nr) => !spokenOf.has(nr))
    expect(others.length).toBeGreaterThan(500)
    for (const nr of others) expect(verdict(nr), `number ${nr}`).toBe(ALLOW)
  })

  test('kills a process that calls through another architecture', () => {
    const i386 = 0x40000003
    const arm = 0x40000028
    for (const foreign of [i386, arm, AUDIT_ARCH[architecture === 'x64' ? 'arm64' : 'x64'], 0])
      expect(runFilter(program, { arch: foreign, nr: 1 })).toBe(KILL)
  })

  test('property: never allows a namespace, whatever else the flags hold', () => {
    const flags = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })
    fc.assert(
      fc.property(flags, fc.constantFrom('clone', 'unshare'), (value, name) => {
        const makesOne = (value & 0x7e020080n) !== 0n
        const given = verdict(syscallNumber(name as SyscallName, architecture), [value])
        return given === (makesOne ? EPERM : ALLOW)
      }),
    )
  })

  test('fits what the kernel takes, and every jump stays inside', () => {
    const instructions = sandboxFilter(architecture)
    expect(instructions.length).toBeLessThan(4096)
    expect(instructions.at(-1)?.code).toBe(RETURN)
    instructions.slice(0, -1).forEach(({ jt, jf }, at) => {
      expect(at + 1 + Math.max(jt, jf)).toBeLessThan(instructions.length)
    })
  })
})

test('x86-64: calls of the x32 table are refused', () => {
  const program = compileSandboxFilter('x64')!
  for (const nr of [0x40000000, 0x40000000 | 41, 0x40000000 | 520, 0x7fffffff])
    expect(runFilter(program, { arch: AUDIT_ARCH.x64, nr })).toBe(EPERM)
  for (const nr of Object.values(X64_ONLY))
    expect(runFilter(program, { arch: AUDIT_ARCH.x64, nr })).toBe(EPERM)
})

test('there is none for other architectures', () => {
  expect(compileSandboxFilter('ia32')).toBeNull()
  expect(compileSandboxFilter('riscv64')).toBeNull()
})

test.each(ARCHITECTURES)('the filter for %s is as it was reviewed', async (architecture) => {
  const names = new Map<number, string>([
    ...SYSCALLS.map((name) => [syscallNumber(name, architecture), name] as const),
    ...(architecture === 'x64'
      ? Object.entries(X64_ONLY).map(([name, number]) => [number, name] as const)
      : []),
  ])
  const text = disassemble(sandboxFilter(architecture), (call) => names.get(call) ?? null)
  await expect(text).toMatchFileSnapshot(
    resolve(import.meta.dirname, `golden/seccomp-${architecture}.txt`),
  )
})
