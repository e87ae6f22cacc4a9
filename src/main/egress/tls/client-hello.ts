/** What a TLS client says of itself before anything is encrypted (RFC 8446, 4.1.2). */
export interface ClientHello {
  /** As sent; null: it names no host. With ECH this is the outer name, which leads nowhere else. */
  readonly serverName: string | null
}

export type HelloReading =
  | { readonly kind: 'more' }
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'hello'; readonly hello: ClientHello }

export const TLS_HANDSHAKE = 22
const CLIENT_HELLO = 1
const HEAD = 5
const LONGEST_RECORD = 16 * 1024
/** Real ones are below 2 kB; those with post-quantum keys below 4 kB. */
const LONGEST_HELLO = 32 * 1024
const SERVER_NAME = 0
const HOST_NAME = 0

const MORE = { kind: 'more' } as const
const damaged = (reason: string): HelloReading => ({ kind: 'damaged', reason })

/** Whether bytes begin as a TLS record does; one byte is enough to say no. */
export const looksLikeTls = (bytes: Buffer): boolean =>
  bytes[0] === TLS_HANDSHAKE && (bytes.length < 2 || bytes[1] === 3)

/**
 * Pure: reads the hello from the first bytes of a connection, which may end anywhere. It may be cut
 * into records in any way; whatever does not fit exactly is damaged, because a server may read it
 * in another way than we do.
 */
export function readClientHello(bytes: Buffer): HelloReading {
  let message = Buffer.alloc(0)
  for (let at = 0; ; ) {
    if (bytes.length < at + HEAD) return MORE
    if (bytes[at] !== TLS_HANDSHAKE || bytes[at + 1] !== 3)
      return damaged('its TLS handshake is interrupted')
    const length = bytes.readUInt16BE(at + 3)
    if (length === 0 || length > LONGEST_RECORD)
      return damaged('a TLS record has an impossible length')
    const end = at + HEAD + length
    message = Buffer.concat([message, bytes.subarray(at + HEAD, Math.min(end, bytes.length))])
    if (message.length > 0 && message[0] !== CLIENT_HELLO)
      return damaged('its TLS does not begin with a hello')
    if (message.length >= 4) {
      const size = message.readUIntBE(1, 3)
      if (size > LONGEST_HELLO) return damaged('its TLS hello is too long')
      if (message.length >= 4 + size) return parse(message.subarray(4, 4 + size))
    }
    if (bytes.length < end) return MORE
    at = end
  }
}

/** Walks over the fields; every length must fit in what is left. */
class Fields {
  private readonly bytes: Buffer
  private at = 0
  constructor(bytes: Buffer) {
    this.bytes = bytes
  }
  get isEmpty(): boolean {
    return this.at === this.bytes.length
  }
  number(size: 1 | 2): number {
    return this.take(size).readUIntBE(0, size)
  }
  /** A field behind its own length. */
  field(sizeOfLength: 1 | 2): Buffer {
    return this.take(this.number(sizeOfLength))
  }
  take(length: number): Buffer {
    const end = this.at + length
    if (end > this.bytes.length) throw new RangeError('it ends too early')
    const part = this.bytes.subarray(this.at, end)
    this.at = end
    return part
  }
}

function parse(body: Buffer): HelloReading {
  try {
    const fields = new Fields(body)
    fields.take(2 + 32)
    fields.field(1)
    fields.field(2)
    fields.field(1)
    // Before TLS 1.2 there were hellos without extensions.
    const extensions = new Fields(fields.isEmpty ? Buffer.alloc(0) : fields.field(2))
    if (!fields.isEmpty) return damaged('its TLS hello has something behind its end')
    let serverName: string | null = null
    const seen = new Set<number>()
    while (!extensions.isEmpty) {
      const type = extensions.number(2)
      const content = extensions.field(2)
      if (seen.has(type)) return damaged('its TLS hello says something twice')
      seen.add(type)
      if (type === SERVER_NAME) serverName = nameIn(content)
    }
    return { kind: 'hello', hello: { serverName } }
  } catch (cause) {
    if (cause instanceof RangeError) return damaged('its TLS hello is cut short')
    throw cause
  }
}

/** Exactly one name, and of a host: what else the field could hold, servers read differently. */
function nameIn(content: Buffer): string {
  const outer = new Fields(content)
  const list = new Fields(outer.field(2))
  const type = list.number(1)
  const name = list.field(2)
  if (!outer.isEmpty || !list.isEmpty || type !== HOST_NAME || name.length === 0)
    throw new RangeError('not one name')
  return name.toString('latin1')
}
