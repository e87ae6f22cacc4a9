import {
  DATA,
  encode,
  type Instruction,
  JUMP_ANY_BIT,
  JUMP_EQUAL,
  JUMP_GREATER_EQUAL,
  LOAD_WORD,
  RETURN,
  VERDICT,
} from './bpf.ts'
import { type Architecture, AUDIT_ARCH, DENIED, syscallNumber, X64_ONLY } from './syscalls.ts'

const EPERM = 1
const ENOSYS = 38

/** CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET | NEWTIME. */
const CLONE_NAMESPACES = 0x7e020080

/** Address families a program may open; the rest reach kernel code no agent needs. */
const AF = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const
const NETLINK_ROUTE = 0

/** Terminal requests that type into the terminal's own input. */
const TIOCSTI = 0x5412
const TIOCLINUX = 0x541c

const SECCOMP_SET_MODE_FILTER = 1
const SECCOMP_FILTER_FLAG_NEW_LISTENER = 1 << 3

/** x32 calls carry this bit in the number, under the x86-64 architecture. */
const X32_BIT = 0x40000000

const step = (code: number, k: number, jt = 0, jf = 0): Instruction => ({ code, jt, jf, k })
const load = (offset: number): Instruction => step(LOAD_WORD, offset)
const give = (verdict: number): Instruction => step(RETURN, verdict)
const allow = give(VERDICT.allow)
const refuse = give(VERDICT.errno(EPERM))

/** Runs `body` when the loaded number is `nr`; `body` must end in a return. */
const onCall = (nr: number, body: readonly Instruction[]): Instruction[] => [
  step(JUMP_EQUAL, nr, 0, body.length),
  ...body,
]

/** Both calls take their flags first, and no more than 32 bits of them. */
const refuseNamespaces = [
  load(DATA.arg(0)),
  step(JUMP_ANY_BIT, CLONE_NAMESPACES, 0, 1),
  refuse,
  allow,
]

/**
 * The filter every program of a sandbox runs under. A list of what is refused: agents run
 * arbitrary tools, so what is not known to undo the boundary works. Only the low 32 bits of
 * arguments are compared where the kernel itself reads no more.
 */
export function sandboxFilter(arch: Architecture): readonly Instruction[] {
  const nr = (name: Parameters<typeof syscallNumber>[0]): number => syscallNumber(name, arch)
  const program: Instruction[] = [
    // A foreign architecture means different numbers: 32-bit entry points are closed outright.
    load(DATA.arch),
    step(JUMP_EQUAL, AUDIT_ARCH[arch], 1, 0),
    give(VERDICT.kill),
    load(DATA.nr),
  ]
  if (arch === 'x64') {
    program.push(step(JUMP_GREATER_EQUAL, X32_BIT, 0, 1), refuse)
    for (const number of Object.values(X64_ONLY)) program.push(...onCall(number, [refuse]))
  }
  for (const name of DENIED) program.push(...onCall(nr(name), [refuse]))
  program.push(
    // Its flags lie behind a pointer; "not implemented" makes libraries fall back to clone.
    ...onCall(nr('clone3'), [give(VERDICT.errno(ENOSYS))]),
    ...onCall(nr('clone'), refuseNamespaces),
    ...onCall(nr('unshare'), refuseNamespaces),
    ...onCall(nr('seccomp'), [
      load(DATA.arg(0)),
      step(JUMP_EQUAL, SECCOMP_SET_MODE_FILTER, 0, 2),
      load(DATA.arg(1)),
      step(JUMP_ANY_BIT, SECCOMP_FILTER_FLAG_NEW_LISTENER, 1, 0),
      allow,
      refuse,
    ]),
    ...onCall(nr('ioctl'), [
      load(DATA.arg(1)),
      step(JUMP_EQUAL, TIOCSTI, 2, 0),
      step(JUMP_EQUAL, TIOCLINUX, 1, 0),
      allow,
      refuse,
    ]),
    ...onCall(nr('socket'), [
      load(DATA.arg(0)),
      step(JUMP_EQUAL, AF.unix, 5, 0),
      step(JUMP_EQUAL, AF.inet, 4, 0),
      step(JUMP_EQUAL, AF.inet6, 3, 0),
      step(JUMP_EQUAL, AF.netlink, 0, 3),
      load(DATA.arg(2)),
      step(JUMP_EQUAL, NETLINK_ROUTE, 0, 1),
      allow,
      refuse,
    ]),
    ...onCall(nr('socketpair'), [
      load(DATA.arg(0)),
      step(JUMP_EQUAL, AF.unix, 0, 1),
      allow,
      refuse,
    ]),
    allow,
  )
  return program
}

/** null: no filter is known for this architecture, so no sandbox can be built on it. */
export function compileSandboxFilter(arch: string): Uint8Array | null {
  return arch === 'x64' || arch === 'arm64' ? encode(sandboxFilter(arch)) : null
}
