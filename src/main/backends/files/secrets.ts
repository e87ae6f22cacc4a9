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
