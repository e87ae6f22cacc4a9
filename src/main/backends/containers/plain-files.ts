import fs, { constants } from 'node:fs'

type OpenDone = (cause: NodeJS.ErrnoException | null, fd: number) => void

/**
 * For who packs a folder in which an agent may be at work: what was a file when it was looked at is opened
 * as one.
 */
export const openPlain = (path: string, range: object): fs.ReadStream =>
  fs.createReadStream(path, {
    ...range,
    fs: {
      ...{ read: fs.read, close: fs.close },
      open: (name: string, _flags: unknown, mode: number, done: OpenDone) =>
        fs.open(name, constants.O_RDONLY | constants.O_NOFOLLOW, mode, done),
    },
  })
