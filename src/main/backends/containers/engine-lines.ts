import { createInterface, type Interface } from 'node:readline'

/** What an engine says, line by line. It may break off after its last word; who reads no more is not to fall over that. */
export function engineLines(said: NodeJS.ReadableStream): Interface {
  return createInterface({ input: said }).on('error', () => undefined)
}
