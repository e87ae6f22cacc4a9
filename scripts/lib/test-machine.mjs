import { join } from 'node:path'
import { findChromium } from './browser.mjs'
import { ROOT } from './prepare.mjs'
import { run, which } from './run.mjs'
import { fail, say } from './say.mjs'
import { digest, once } from './stamp.mjs'
import { ensureDebianPackages } from './system-parts.mjs'

/** Programs and libraries that the tests use; names that differ between releases as `name|name`. */
const PACKAGES = [
  ...['bubblewrap', 'util-linux', 'passwd', 'procps', 'iproute2', 'openssl', 'ca-certificates'],
  ...['curl', 'git', 'gcc', 'libc6-dev', 'python3', 'ripgrep', 'socat'],
  ...['openssh-client', 'dbus'],
  ...['chromium|chromium-browser', 'xvfb', 'xauth', 'fonts-dejavu-core', 'fonts-liberation'],
  ...['libgtk-3-0|libgtk-3-0t64', 'libnss3', 'libasound2|libasound2t64', 'libgbm1', 'libxss1'],
  ...['libxtst6', 'libatk-bridge2.0-0|libatk-bridge2.0-0t64', 'libnotify4'],
  ...['gnupg', 'gpg-agent', 'docker.io'],
  ...['qemu-system-x86', 'linux-image-amd64|linux-image-generic', 'kmod', 'xz-utils', 'zstd'],
  'squashfs-tools',
]

/** What a machine needs to run the tests, beyond what it needs to run Cloche. */
export async function prepareTestMachine() {
  await ensureDebianPackages(PACKAGES)
  const chromium = process.env.CLOCHE_TEST_CHROMIUM ?? findChromium()
  if (chromium) process.env.CLOCHE_TEST_CHROMIUM = chromium
}

/** Codex and Claude Code as their users install them; only Claude Code's installer links a binary. */
export async function installAgents() {
  const folder = join(ROOT, 'test/fixtures/agents')
  const lock = digest(folder, ['package-lock.json'])
  await once(join(folder, 'node_modules/.cloche-install'), lock, async () => {
    say('installing the agents that the tests start')
    const npm = which('npm') ?? 'npm'
    const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
    if ((await run(npm, ['ci', '--ignore-scripts', ...quiet], { cwd: folder })) !== 0)
      fail('the agents could not be installed; npm says why above.')
    const installer = join(folder, 'node_modules/@anthropic-ai/claude-code/install.cjs')
    if ((await run(process.execPath, [installer], { cwd: folder })) !== 0)
      fail("Claude Code's installer failed; its words are above.")
  })
}
