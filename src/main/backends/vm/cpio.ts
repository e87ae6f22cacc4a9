export interface ArchiveFile {
  readonly name: string
  /** Permission bits. */
  readonly mode: number
  readonly bytes: Uint8Array
}

const REGULAR = 0o100000
const LAST = 'TRAILER!!!'

/** Pure: an archive in the form the kernel reads an initramfs in (newc). */
export function cpioArchive(files: readonly ArchiveFile[]): Buffer {
  const parts: Uint8Array[] = []
  let length = 0
  const add = (bytes: Uint8Array): void => {
    const padding = (4 - ((length + bytes.length) % 4)) % 4
    parts.push(bytes, Buffer.alloc(padding))
    length += bytes.length + padding
  }
  const last = { name: LAST, mode: 0, bytes: new Uint8Array() }
  for (const [index, { name, mode, bytes }] of [...files, last].entries()) {
    const kind = name === LAST ? 0 : REGULAR
    // Inode, mode, owner, group, links, time, size, four numbers of devices, length of the name, checksum.
    const fields = [
      index + 1,
      kind | mode,
      0,
      0,
      1,
      0,
      bytes.length,
      0,
      0,
      0,
      0,
      name.length + 1,
      0,
    ]
    const head = fields.map((field) => field.toString(16).padStart(8, '0')).join('')
    add(Buffer.from(`070701${head}${name}\0`, 'latin1'))
    add(bytes)
  }
  return Buffer.concat(parts)
}
