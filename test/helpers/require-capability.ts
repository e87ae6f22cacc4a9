import { spawnSync } from 'node:child_process'
import { test } from 'vitest'

const CHECKS: Readonly<Record<string, () => boolean>> = {
  bubblewrap: () =>
    spawnSync('bwrap', ['--unshare-user', '--ro-bind', '/', '/', 'true']).status === 0,
  curl: () => spawnSync('curl', ['--version']).status === 0,
  gcc: () => spawnSync('gcc', ['--version']).status === 0,
  'gpg-agent': () => spawnSync('sh', ['-c', 'command -v gpg-agent']).status === 0,
  namespaces: () => spawnSync('unshare', ['-Urnpf', '--mount-proc', 'ip', 'link']).status === 0,
  openssl: () => spawnSync('openssl', ['version']).status === 0,
  python3: () => spawnSync('python3', ['--version']).status === 0,
}

/**
 * Tests that need something of the machine. In CI its absence is a failure; elsewhere the tests
 * are skipped and say why.
 */
export function requireCapability(...names: (keyof typeof CHECKS)[]): typeof test {
  const missing = names.filter((name) => !CHECKS[name]?.())
  if (missing.length === 0) return test
  const reason = `this machine lacks ${missing.join(', ')}`
  if (process.env.CI) throw new Error(`${reason}, and CI must have it`)
  console.log(`skipped: ${reason}`)
  return test.skip as unknown as typeof test
}
