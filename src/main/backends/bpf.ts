/** Classic BPF as the kernel's seccomp reads it: fixed 8-byte instructions, little-endian. */
export interface Instruction {
  readonly code: number
  readonly jt: number
  readonly jf: number
  readonly k: number
}

export const LOAD_WORD = 0x20 // BPF_LD | BPF_W | BPF_ABS
export const JUMP_EQUAL = 0x15 // BPF_JMP | BPF_JEQ | BPF_K
export const JUMP_GREATER_EQUAL = 0x35 // BPF_JMP | BPF_JGE | BPF_K
export const JUMP_ANY_BIT = 0x45 // BPF_JMP | BPF_JSET | BPF_K
export const RETURN = 0x06 // BPF_RET | BPF_K

/** Offsets in the kernel's `struct seccomp_data`. */
export const DATA = { nr: 0, arch: 4, arg: (n: number): number => 16 + 8 * n } as const

export const VERDICT = {
  allow: 0x7fff0000,
  kill: 0x80000000,
  errno: (code: number): number => 0x00050000 | code,
} as const

export function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8)
  const view = new DataView(bytes.buffer)
  program.forEach(({ code, jt, jf, k }, index) => {
    view.setUint16(index * 8, code, true)
    view.setUint8(index * 8 + 2, jt)
    view.setUint8(index * 8 + 3, jf)
    view.setUint32(index * 8 + 4, k >>> 0, true)
  })
  return bytes
}
