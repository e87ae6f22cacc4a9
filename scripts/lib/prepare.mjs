import { rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { read, run, which } from './run.mjs'
import { fail, say } from './say.mjs'
import { digest, once } from './stamp.mjs'
import { ensurePrograms } from './system-parts.mjs'

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const [MAJOR, MINOR] = [20, 19]

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < MAJOR || (major === MAJOR && minor < MINOR))
    fail(
      `Node ${process.versions.node} is too old: Cloche needs ${MAJOR}.${MINOR} or newer. ` +
        'Install one from your distribution or nodejs.org, then start again.',
    )
}

/** The locked dependencies, installed once for each lock file. No package runs scripts of its own. */
export async function installDependencies() {
  const lock = digest(ROOT, ['package-lock.json'])
  await once(join(ROOT, 'node_modules/.cloche-install'), `${lock} ${process.version}`, async () => {
    say('installing the locked dependencies')
    const npm = which('npm') ?? 'npm'
    if ((await run(npm, ['ci', '--ignore-scripts', ...QUIET], { cwd: ROOT })) !== 0)
      fail('npm ci failed; its words are above. Is the npm registry reachable?')
    if (!loadsNodePty()) await compileNodePty(npm)
  })
}

const QUIET = ['--no-audit', '--no-fund', '--loglevel=error']

/** It ships binaries for the common systems; they are tried before anything is compiled. */
const loadsNodePty = () =>
  read(process.execPath, [
    '-e',
    `require(${JSON.stringify(join(ROOT, 'node_modules/node-pty'))})`,
  ]) !== null

async function compileNodePty(npm) {
  await ensurePrograms(['python3', 'make', 'g++'], { isNeeded: true })
  say('compiling node-pty, which ships no binary for this system')
  await run(npm, ['rebuild', 'node-pty', ...QUIET], { cwd: ROOT })
  if (!loadsNodePty())
    fail(
      'node-pty could not be compiled; its words are above. Check that its install script may run (npm config get ignore-scripts).',
    )
}

/** Built once for each state of the sources. */
export async function build() {
  const sources = ['src', 'resources', 'electron.vite.config.ts', 'package-lock.json']
  await once(join(ROOT, 'out/.cloche-build'), digest(ROOT, sources), async () => {
    say('building')
    for (const part of ['main', 'preload', 'renderer'])
      rmSync(join(ROOT, 'out', part), { recursive: true, force: true })
    const vite = join(ROOT, 'node_modules/electron-vite/bin/electron-vite.js')
    if ((await run(process.execPath, [vite, 'build', '--logLevel', 'warn'], { cwd: ROOT })) !== 0)
      fail('the build failed; its words are above.')
  })
}

export async function prepare() {
  checkNode()
  await installDependencies()
  if (process.platform === 'linux') await ensurePrograms(['bwrap', 'nsenter'], { isNeeded: false })
  await build()
}
