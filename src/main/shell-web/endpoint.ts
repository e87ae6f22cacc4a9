import { randomBytes } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

/** Tells a second start on this machine where the first one listens. Readable by its owner only. */
const Endpoint = z.strictObject({
  pid: z.number().int().positive(),
  port: z.number().int().min(1).max(65535),
  secret: z.string().min(32).max(128),
})
export type Endpoint = z.infer<typeof Endpoint>

const fileIn = (dataDir: string): string => join(dataDir, 'endpoint.json')

export const newSecret = (): string => randomBytes(32).toString('base64url')

/** Written after listening, so whoever reads it can connect. */
export async function publishEndpoint(dataDir: string, endpoint: Endpoint): Promise<void> {
  const file = fileIn(dataDir)
  await writeFile(`${file}.new`, JSON.stringify(endpoint), { mode: 0o600 })
  await rename(`${file}.new`, file)
}

export async function readEndpoint(dataDir: string): Promise<Endpoint | null> {
  try {
    return Endpoint.parse(JSON.parse(await readFile(fileIn(dataDir), 'utf8')))
  } catch {
    return null
  }
}

/** Only its owner removes it. */
export async function withdrawEndpoint(dataDir: string, pid: number): Promise<void> {
  if ((await readEndpoint(dataDir))?.pid === pid) await rm(fileIn(dataDir), { force: true })
}

/** A fresh one-time link of the Cloche that runs already; null when it does not answer. */
export async function askForLink({ port, secret }: Endpoint): Promise<string | null> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/link`, {
      method: 'POST',
      headers: { authorization: secret },
      signal: AbortSignal.timeout(3000),
    })
    return answer.ok ? (await answer.text()).trim() : null
  } catch {
    return null
  }
}
