interface Parts {
  readonly kind: number
  readonly pid?: number
  readonly other?: number
  readonly status?: number
  readonly timeNs?: bigint
  readonly bootNs?: bigint
  readonly texts?: readonly (string | null)[]
}

/** As native/process-events.c writes it. */
export function record({
  kind,
  pid = 7,
  other = 0,
  status = 0,
  timeNs = 0n,
  bootNs = 0n,
  texts = [],
}: Parts): Buffer {
  const all = [0, 1, 2, 3].map((index) => texts[index] ?? null)
  const body = Buffer.from(all.map((text) => text ?? '').join(''))
  const size = Math.ceil((56 + body.length) / 8) * 8
  const bytes = Buffer.alloc(size)
  for (const [index, value] of [size, kind, pid, other, status].entries())
    bytes.writeUInt32LE(value, index * 4)
  bytes.writeBigUInt64LE(timeNs, 24)
  bytes.writeBigUInt64LE(bootNs, 32)
  for (const [index, text] of all.entries())
    bytes.writeUInt32LE(text === null ? 0xffff_ffff : Buffer.byteLength(text), 40 + index * 4)
  body.copy(bytes, 56)
  return bytes
}
