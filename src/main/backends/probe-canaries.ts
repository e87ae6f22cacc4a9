import { randomBytes } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { exists } from './exists.ts'

/** What the machine saw of an attempt, whatever the probe says. */
export interface Sightings {
  readonly wasWritten: boolean
  readonly connections: number
}

/** Things on the machine that no sandbox may reach, made for one start. */
export interface Canaries {
  /** Where they are, as the probe script takes them. */
  readonly args: readonly string[]
  /** Content of the file that must not be readable. */
  readonly secret: string
  /** A variable of the launcher that no process inside may have. */
  readonly env: Readonly<Record<string, string>>
  /** Call after the probe reported. */
  observe(): Promise<Sightings>
  close(): Promise<void>
}

/** `folder` must lie outside everything the sandbox mounts. */
export async function placeCanaries(folder: string): Promise<Canaries> {
  const secretPath = join(folder, 'canary-secret')
  const outsidePath = join(folder, 'canary-outside')
  const secret = randomBytes(16).toString('hex')
  await writeFile(secretPath, `${secret}\n`, { mode: 0o600 })
  let connections = 0
  const server = createServer((socket) => {
    connections++
    socket.destroy()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no canary port')
  return {
    args: [secretPath, outsidePath, String(address.port)],
    secret,
    env: { CLOCHE_CANARY: secret },
    observe: async () => ({ wasWritten: await exists(outsidePath), connections }),
    close: async () => {
      server.close()
      await rm(secretPath, { force: true })
      await rm(outsidePath, { force: true })
    },
  }
}

/** What the probe said, by name; null until it is complete. */
export async function readReport(path: string): Promise<ReadonlyMap<string, string> | null> {
  return parseReport(await readFile(path, 'utf8').catch(() => ''))
}

export function parseReport(text: string): ReadonlyMap<string, string> | null {
  const report = new Map<string, string>()
  for (const line of text.split('\n')) {
    const tab = line.indexOf('\t')
    if (tab > 0) report.set(line.slice(0, tab), line.slice(tab + 1))
  }
  return report.has('done') ? report : null
}
