import { type FileHandle, open } from 'node:fs/promises'

const HEAD_BYTES = 4096
const MOST_LETTERS = 4096
const PT_INTERP = 3

/**
 * What a program of this machine needs of the system it is started in: the path of its loader or of its
 * interpreter, or the interpreter's name to look for. `null`: nothing. Rejects when it cannot be read.
 */
export async function neededBy(path: string): Promise<string | null> {
  const file = await open(path, 'r')
  try {
    const head = Buffer.alloc(HEAD_BYTES)
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0)
    if (head.toString('latin1', 0, 2) === '#!') return interpreterIn(head.subarray(2, bytesRead))
    return await loaderIn(file, head.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}

function interpreterIn(line: Buffer): string | null {
  const words = line.toString('latin1').split('\n')[0]?.trim().split(/\s+/) ?? []
  const [program = '', ...rest] = words
  if (!/(^|\/)env$/.test(program)) return program || null
  return rest.find((word) => !word.startsWith('-') && !word.includes('=')) ?? null
}

/** Of a 64-bit little-endian ELF file, which is all that these machines have. */
async function loaderIn(file: FileHandle, head: Buffer): Promise<string | null> {
  const isKnown = head.toString('latin1', 0, 4) === '\x7fELF' && head[4] === 2 && head[5] === 1
  if (!isKnown) throw new Error('it is neither a script nor a program of this machine’s kind')
  const at = Number(head.readBigUInt64LE(32))
  const size = head.readUInt16LE(54)
  const count = head.readUInt16LE(56)
  for (let n = 0; n < count; n++) {
    const entry = Buffer.alloc(size)
    await file.read(entry, 0, size, at + n * size)
    if (entry.readUInt32LE(0) !== PT_INTERP) continue
    const length = Math.min(MOST_LETTERS, Number(entry.readBigUInt64LE(32)))
    const name = Buffer.alloc(length)
    await file.read(name, 0, length, Number(entry.readBigUInt64LE(8)))
    return name.toString('latin1').replace(/\0.*$/, '')
  }
  return null
}
