import { Transform } from 'node:stream'

const GIB = 1024 ** 3

/** Passes bytes on, and fails with a sentence about `what` when there are too many. */
export function bounded(mostBytes: number, what: string): Transform {
  let bytes = 0
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      bytes += chunk.length
      if (bytes <= mostBytes) return done(null, chunk)
      done(tooLarge(mostBytes, what))
    },
  })
}

export const tooLarge = (mostBytes: number, what: string): Error =>
  new Error(`${what} is larger than ${sizeWords(mostBytes)}, which is the most.`)

export const sizeWords = (bytes: number): string =>
  bytes >= GIB ? `${Math.round(bytes / GIB)} GiB` : `${bytes} bytes`
