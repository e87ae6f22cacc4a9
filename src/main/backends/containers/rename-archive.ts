import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { extract, pack } from 'tar-stream'

/**
 * The same archive with its folder called `name`: one engine calls it by its name and another by none. What does
 * not lie in the folder ends it. `isForAll`: whoever they belong to, everybody may read them.
 */
export function renameArchive(
  archive: AsyncIterable<Buffer>,
  name: string,
  isForAll: boolean,
): Readable {
  const entries = extract()
  const renamed = pack()
  let top: string | null = null
  const below = (path: string): string => {
    const before = (top ??= path.replace(/\/?$/, '/'))
    if (`${path}/` === before) return `${name}/`
    if (!path.startsWith(before))
      throw new Error('The engine’s archive holds more than its folder.')
    return `${name}/${path.slice(before.length)}`
  }
  const copy = async (): Promise<void> => {
    for await (const entry of entries) {
      const { pax: _, linkname, ...header } = entry.header
      const isLink = header.type === 'link'
      await new Promise<void>((done, failed) => {
        const sink = renamed.entry(
          {
            ...{ ...header, name: below(header.name) },
            mode: isForAll
              ? header.mode | (header.type === 'directory' ? 0o555 : 0o444)
              : header.mode,
            linkname: isLink ? below(linkname) : linkname,
          },
          (cause) => (cause ? failed(cause) : done()),
        )
        if (header.type === 'file') entry.pipe(sink)
        else entry.resume()
      })
    }
    renamed.finalize()
  }
  Promise.all([pipeline(Readable.from(archive), entries), copy()]).catch((cause: Error) => {
    entries.destroy(cause)
    renamed.destroy(cause)
  })
  return Readable.from(renamed)
}
