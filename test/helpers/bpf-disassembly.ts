import { DATA } from '../../src/main/backends/bpf.ts'

const ERRNO = 0x00050000
const VERDICTS: Readonly<Record<number, string>> = {
  0x7fff0000: 'allow',
  0x80000000: 'kill process',
}

/**
 * One line per instruction of an encoded filter, so that a change of it can be read in review.
 * `names`: what a number stands for while the call's own number is loaded.
 */
export function disassemble(program: Uint8Array, names: ReadonlyMap<number, string>): string {
  const code = new DataView(program.buffer, program.byteOffset, program.byteLength)
  // What is loaded when a line is reached: jumps only go forward, so one pass knows it.
  const loadedAt = new Map<number, string>()
  const lines: string[] = []
  for (let at = 0; at < program.length / 8; at++) {
    const operation = code.getUint16(at * 8, true)
    const k = code.getUint32(at * 8 + 4, true)
    const loaded = operation === 0x20 ? fieldAt(k) : (loadedAt.get(at) ?? '')
    const jump = (test: string): string => {
      const then = at + 1 + code.getUint8(at * 8 + 2)
      const otherwise = at + 1 + code.getUint8(at * 8 + 3)
      for (const target of [then, otherwise]) loadedAt.set(target, loaded)
      return `if ${test} goto ${then} else ${otherwise}`
    }
    const hex = `0x${k.toString(16)}`
    if (operation === 0x20) loadedAt.set(at + 1, loaded)
    const name = loaded === 'number' ? names.get(k) : undefined
    lines.push(
      operation === 0x20
        ? `load ${loaded}`
        : operation === 0x15
          ? jump(`= ${name ?? hex}`)
          : operation === 0x35
            ? jump(`>= ${hex}`)
            : operation === 0x45
              ? jump(`has a bit of ${hex}`)
              : operation === 0x06
                ? `give ${verdictOf(k)}`
                : `unknown operation 0x${operation.toString(16)}`,
    )
  }
  return `${lines.map((line, at) => `${String(at).padStart(3)}  ${line}`).join('\n')}\n`
}

function fieldAt(offset: number): string {
  if (offset === DATA.nr) return 'number'
  if (offset === DATA.arch) return 'architecture'
  const argument = (offset - DATA.arg(0)) / 8
  return `${Number.isInteger(argument) ? 'low' : 'high'} half of argument ${Math.floor(argument)}`
}

const verdictOf = (k: number): string =>
  VERDICTS[k] ?? ((k & 0xffff0000) === ERRNO ? `error ${k & 0xffff}` : `0x${k.toString(16)}`)
