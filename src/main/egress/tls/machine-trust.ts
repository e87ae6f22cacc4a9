import { readFile, realpath } from 'node:fs/promises'
import { rootCertificates } from 'node:tls'

/** Where the usual systems keep the certificates that every program trusts. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

export interface MachineTrust {
  /** PEM of every certificate the machine's programs trust. */
  readonly certificates: string
  /** The file they read it from; null: this machine has none in a usual place. */
  readonly bundle: string | null
}

/** What this machine trusts; `env` may name other or further certificates, as for other programs. */
export async function readMachineTrust(env: NodeJS.ProcessEnv): Promise<MachineTrust> {
  let found: MachineTrust | null = null
  for (const path of BUNDLES) found ??= await bundleAt(path)
  const named = env.SSL_CERT_FILE ? await bundleAt(env.SSL_CERT_FILE) : null
  const extra = env.NODE_EXTRA_CA_CERTS ? await bundleAt(env.NODE_EXTRA_CA_CERTS) : null
  const first = (named ?? found)?.certificates ?? rootCertificates.join('\n')
  return {
    certificates: `${first.trimEnd()}\n${extra?.certificates ?? ''}`,
    bundle: found?.bundle ?? null,
  }
}

async function bundleAt(path: string): Promise<MachineTrust | null> {
  try {
    const bundle = await realpath(path)
    return { bundle, certificates: await readFile(bundle, 'utf8') }
  } catch {
    return null
  }
}
