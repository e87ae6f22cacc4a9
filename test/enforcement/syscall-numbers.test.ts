import { execFileSync } from 'node:child_process'
import { describe, expect } from 'vitest'
import {
  type Architecture,
  DENIED,
  type SyscallName,
  syscallNumber,
  X64_ONLY,
} from '../../src/main/backends/syscalls.ts'
import { requireCapability } from '../helpers/require-capability.ts'

const test = requireCapability('gcc')

const FILTERED: readonly SyscallName[] = [
  ...DENIED,
  ...(['clone', 'clone3', 'unshare', 'seccomp', 'ioctl', 'socket', 'socketpair'] as const),
]
/** Newer than the headers of older distributions. */
const NEW: readonly SyscallName[] = ['open_tree_attr']

/** The kernel's own tables: the generic one is that of 64-bit ARM. */
const HEADERS: Readonly<Record<Architecture, string>> = {
  x64: '#include <asm/unistd_64.h>\n',
  arm64:
    '#define __BITS_PER_LONG 64\n#define __ARCH_WANT_SYS_CLONE3\n#include <asm-generic/unistd.h>\n',
}

function numbersOf(architecture: Architecture): ReadonlyMap<string, number> {
  const input = HEADERS[architecture]
  const macros = execFileSync('gcc', ['-E', '-dM', '-'], { input, encoding: 'utf8' })
  return new Map(
    [...macros.matchAll(/^#define __NR_(\w+) (\d+)$/gm)].map(([, name, number]) => [
      name!,
      Number(number),
    ]),
  )
}

describe('the filter’s numbers are those of the kernel headers', () => {
  const known: readonly Architecture[] = process.arch === 'x64' ? ['x64', 'arm64'] : ['arm64']

  test.each(known)('%s', (architecture) => {
    const numbers = numbersOf(architecture)
    const names = FILTERED.filter((name) => numbers.has(name) || !NEW.includes(name))
    expect(Object.fromEntries(names.map((name) => [name, numbers.get(name)]))).toEqual(
      Object.fromEntries(names.map((name) => [name, syscallNumber(name, architecture)])),
    )
    if (architecture === 'x64')
      for (const [name, number] of Object.entries(X64_ONLY))
        expect(numbers.get(name), name).toBe(number)
  })
})
