import picomatch from 'picomatch'

/** Names under which secrets usually lie in a repository. */
const SECRETS = [
  '**/.env',
  '**/.env.*',
  '**/*.{pem,key,p12,pfx,jks,keystore,kdbx,ppk}',
  '**/id_{rsa,dsa,ecdsa,ed25519}',
  '**/.{netrc,npmrc,pypirc,git-credentials,htpasswd,pgpass}',
  '**/{credentials,client_secret*,service-account*}.json',
  '**/secrets.{json,yml,yaml,toml}',
]

/** Templates that are meant to be read, and other people's packages. */
const NO_SECRETS = [
  '**/.env.{example,sample,template,dist,defaults}',
  '**/node_modules/**',
  '**/.git/**',
]

/** Takes paths relative to the workspace. */
export const looksSecret = picomatch(SECRETS, { dot: true, nocase: true, ignore: NO_SECRETS })

/** Folders and files of a home that hold keys, tokens or sign-ins; agents' own are asked for by name. */
const CREDENTIALS = [
  '**/.{ssh,gnupg,aws,azure,kube,docker,password-store,pki,mozilla,thunderbird}{,/**}',
  '**/.config/{gcloud,gh,hub,op,rclone,google-chrome,chromium,sops}{,/**}',
  '**/.local/share/{keyrings,kwalletd}{,/**}',
  '**/.{claude,codex,gemini}{,.json,/**}',
  '**/.{netrc,npmrc,pypirc,pgpass,my.cnf,vault-token,boto,s3cfg,git-credentials}',
  '**/.cargo/credentials{,.toml}',
  '**/.*_history',
]

const isCredential = picomatch(CREDENTIALS, { dot: true, nocase: true })

/** Takes a path outside of the workspace: absolute, or `~/…`. */
export function mayHoldCredentials(path: string): boolean {
  const below = path.replace(/^\//, '')
  return isCredential(below) || looksSecret(below)
}
