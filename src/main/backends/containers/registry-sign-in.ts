import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Variables } from './engines.ts'

export interface RegistrySignIn {
  readonly username: string
  readonly password: string
  readonly serveraddress: string
}

const Config = z.object({
  auths: z.record(z.string(), z.object({ auth: z.string().optional() })).default({}),
})

/** How Docker's own configuration names the registry that needs no name. */
const DEFAULT_REGISTRY = 'https://index.docker.io/v1/'

/** The registry of an image's name: what stands before the first slash, if it is a host. */
export function registryOf(name: string): string {
  const [first = '', ...rest] = name.split('/')
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  return isHost ? first : DEFAULT_REGISTRY
}

/**
 * What the person's own client would sign in with, from its configuration; null: nothing. Sign-ins that a helper
 * program keeps are not read.
 */
export async function signInFor(
  image: string,
  { HOME, DOCKER_CONFIG }: Variables,
): Promise<RegistrySignIn | null> {
  const folder = DOCKER_CONFIG ?? (HOME ? join(HOME, '.docker') : null)
  if (folder === null) return null
  const text = await readFile(join(folder, 'config.json'), 'utf8').catch(() => '{}')
  const { auths } = parse(text)
  const registry = registryOf(image)
  const sealed = auths[registry]?.auth ?? auths[`https://${registry}`]?.auth
  if (!sealed) return null
  const [username = '', ...password] = Buffer.from(sealed, 'base64').toString('utf8').split(':')
  return { username, password: password.join(':'), serveraddress: registry }
}

function parse(text: string): z.infer<typeof Config> {
  try {
    return Config.parse(JSON.parse(text))
  } catch {
    return { auths: {} }
  }
}
