import { randomUUID } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Mount } from '../core/isolation/plan.ts'

/** What this machine's programs trust, and the file they read it from. */
export interface MachineTrust {
  /** PEM. */
  readonly certificates: string
  /** null: none in a usual place. */
  readonly bundle: string | null
}

/** Runtimes that do not read the system's file read the one named here. */
const VARIABLES = [
  'AWS_CA_BUNDLE',
  'CARGO_HTTP_CAINFO',
  'CURL_CA_BUNDLE',
  'DENO_CERT',
  'GIT_SSL_CAINFO',
  'NODE_EXTRA_CA_CERTS',
  'PIP_CERT',
  'REQUESTS_CA_BUNDLE',
  'SSL_CERT_FILE',
]
const folderOf = (dataDir: string): string => join(dataDir, 'trust')

export interface SessionTrust {
  /** Of the host; whoever ends the session removes it. */
  readonly file: string
  readonly mount: Mount
  readonly env: Readonly<Record<string, string>>
}

/** Makes programs of one session trust `certificate` as well, and nothing outside it. */
export async function makeSessionTrust(
  certificate: string,
  { certificates, bundle }: MachineTrust,
  dataDir: string,
): Promise<SessionTrust | null> {
  if (bundle === null) return null
  await mkdir(folderOf(dataDir), { recursive: true, mode: 0o700 })
  const file = join(folderOf(dataDir), `${randomUUID()}.pem`)
  await writeFile(file, `${certificates.trimEnd()}\n${certificate}`, { flag: 'wx', mode: 0o644 })
  return {
    file,
    mount: { source: file, target: bundle, access: 'read' },
    env: Object.fromEntries(VARIABLES.map((name) => [name, bundle])),
  }
}

/** At the start of a host: files of sessions that a host which was killed did not end. */
export const forgetOldTrust = (dataDir: string): Promise<void> =>
  rm(folderOf(dataDir), { recursive: true, force: true })
