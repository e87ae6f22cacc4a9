import { describe, expect, test } from 'vitest'
import { compileSandboxFilter } from '../../../src/main/backends/seccomp.ts'
import {
  type Architecture,
  type SyscallName,
  DENIED,
  syscallNumber,
  X64_ONLY,
} from '../../../src/main/backends/syscalls.ts'
import { disassemble } from '../../helpers/bpf-disassembly.ts'

const BY_ARGUMENT: readonly SyscallName[] = [
  ...(['clone', 'clone3', 'unshare', 'seccomp', 'ioctl', 'socket', 'socketpair'] as const),
]
const ARCHITECTURES: readonly Architecture[] = ['x64', 'arm64']

function namesFor(architecture: Architecture): ReadonlyMap<number, string> {
  const common = [...DENIED, ...BY_ARGUMENT].map(
    (name) => [syscallNumber(name, architecture), name] as const,
  )
  const own = Object.entries(X64_ONLY).map(([name, number]) => [number, name] as const)
  return new Map(architecture === 'x64' ? [...common, ...own] : common)
}

describe('the whole filter, line by line, is the one that was reviewed', () => {
  test.each(ARCHITECTURES)('%s', async (architecture) => {
    const listing = disassemble(compileSandboxFilter(architecture)!, namesFor(architecture))
    await expect(listing).toMatchFileSnapshot(`golden/seccomp-${architecture}.txt`)
  })

  test('no line is beyond the disassembler, and every number has its name', () => {
    for (const architecture of ARCHITECTURES) {
      const listing = disassemble(compileSandboxFilter(architecture)!, namesFor(architecture))
      expect(listing).not.toContain('unknown')
      const named = listing.match(/= [a-z]\w+ goto/g)?.length
      expect(named).toBe(namesFor(architecture).size)
    }
  })
})
