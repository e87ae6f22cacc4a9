import { type FileHandle, open } from 'node:fs/promises'
import { interpreterIn } from '../../core/interpreter.ts'

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
    const [line = ''] = head.toString('latin1', 0, bytesRead).split('\n')
    if (line.startsWith('#!')) return interpreterIn(line.slice(2))
    return await loaderIn(file, head.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
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
