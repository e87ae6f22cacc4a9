import {
  DATA,
  type Instruction,
  JUMP_ANY_BIT,
  JUMP_EQUAL,
  JUMP_GREATER_EQUAL,
  LOAD_WORD,
  RETURN,
} from '../../src/main/backends/bpf.ts'

const FIELDS: Readonly<Record<number, string>> = {
  [DATA.nr]: 'call',
  [DATA.arch]: 'architecture',
  [DATA.arg(0)]: 'argument 0',
  [DATA.arg(1)]: 'argument 1',
  [DATA.arg(2)]: 'argument 2',
}

const TESTS: Readonly<Record<number, string>> = {
  [JUMP_EQUAL]: '==',
  [JUMP_GREATER_EQUAL]: '>=',
  [JUMP_ANY_BIT]: '&',
}

/** A filter as a person reviews it: one numbered line for each instruction. */
export function disassemble(
  program: readonly Instruction[],
  nameOf: (call: number) => string | null,
): string {
  let loaded = ''
  const lines = program.map(({ code, jt, jf, k }, at) => {
    if (code === LOAD_WORD) {
      loaded = FIELDS[k] ?? `offset ${k}`
      return `load ${loaded}`
    }
    if (code === RETURN) return verdict(k)
    const test = TESTS[code]
    if (!test) throw new Error(`unknown instruction 0x${code.toString(16)} at ${at}`)
    const value = (loaded === 'call' ? nameOf(k) : null) ?? `0x${(k >>> 0).toString(16)}`
    return `if ${loaded} ${test} ${value} go to ${at + 1 + jt} else ${at + 1 + jf}`
  })
  return `${lines.map((line, at) => `${String(at).padStart(3)}  ${line}`).join('\n')}\n`
}

function verdict(k: number): string {
  if (k === 0x7fff0000) return 'allow'
  if (k >>> 0 === 0x80000000) return 'kill'
  return `refuse with error ${k & 0xffff}`
}
