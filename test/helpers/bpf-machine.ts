/** One system call as a filter sees it. */
export interface Call {
  readonly arch: number
  readonly nr: number
  readonly args?: readonly bigint[]
}

/** Runs an encoded classic BPF program as the kernel's seccomp does; what it returns. */
export function runFilter(program: Uint8Array, call: Call): number {
  const code = new DataView(program.buffer, program.byteOffset, program.byteLength)
  const data = seccompData(call)
  let accumulator = 0
  for (let at = 0; at < program.length / 8; at++) {
    const operation = code.getUint16(at * 8, true)
    const ifTrue = code.getUint8(at * 8 + 2)
    const ifFalse = code.getUint8(at * 8 + 3)
    const k = code.getUint32(at * 8 + 4, true)
    switch (operation) {
      case 0x20:
        accumulator = data.getUint32(k, true)
        break
      case 0x15:
        at += accumulator === k ? ifTrue : ifFalse
        break
      case 0x35:
        at += accumulator >= k ? ifTrue : ifFalse
        break
      case 0x45:
        at += (accumulator & k) !== 0 ? ifTrue : ifFalse
        break
      case 0x06:
        return k
      default:
        throw new Error(`operation ${operation.toString(16)} at ${at}`)
    }
  }
  throw new Error('the program ended without a verdict')
}

/** `struct seccomp_data`: number, architecture, instruction pointer, six arguments. */
function seccompData({ arch, nr, args = [] }: Call): DataView {
  const data = new DataView(new ArrayBuffer(64))
  data.setInt32(0, nr, true)
  data.setUint32(4, arch, true)
  args.forEach((value, index) => data.setBigUint64(16 + index * 8, BigInt.asUintN(64, value), true))
  return data
}
