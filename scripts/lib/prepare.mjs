import { rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildNative } from './native.mjs'
import { read, run, which } from './run.mjs'
import { fail, say } from './say.mjs'
import { digest, isDone, once } from './stamp.mjs'
import { ensurePrograms } from './system-parts.mjs'

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const [MAJOR, MINOR] = [20, 19]

/** System parts a session needs; the app starts without them and says so. */
export const SYSTEM_PROGRAMS = process.platform === 'linux' ? ['bwrap', 'nsenter'] : []

/** What is wrong with this Node, as a sentence; null when nothing is. */
export function nodeProblem() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > MAJOR || (major === MAJOR && minor >= MINOR)) return null
  return (
    `Node ${process.versions.node} is too old: Cloche needs ${MAJOR}.${MINOR} or newer. ` +
    'Install one from your distribution or nodejs.org, then start again.'
  )
}

/** Stamp file and value of a finished installation, and of a finished build. */
const installed = () => [
  join(ROOT, 'node_modules/.cloche-install'),
  `${digest(ROOT, ['package-lock.json'])} ${process.version}`,
]
const built = () => [
  join(ROOT, 'out/.cloche-build'),
  digest(ROOT, ['src', 'resources', 'electron.vite.config.ts', 'package-lock.json']),
]
export const isInstalled = () => isDone(...installed())
export const isBuilt = () => isDone(...built())

/** The locked dependencies, installed once for each lock file. No package runs scripts of its own. */
async function installDependencies() {
  await once(...installed(), async () => {
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
async function build() {
  await once(...built(), async () => {
    say('building')
    for (const part of ['main', 'preload', 'renderer'])
      rmSync(join(ROOT, 'out', part), { recursive: true, force: true })
    const vite = join(ROOT, 'node_modules/electron-vite/bin/electron-vite.js')
    if ((await run(process.execPath, [vite, 'build', '--logLevel', 'warn'], { cwd: ROOT })) !== 0)
      fail('the build failed; its words are above.')
  })
}

export async function prepare() {
  const problem = nodeProblem()
  if (problem) fail(problem)
  await installDependencies()
  await ensurePrograms(SYSTEM_PROGRAMS, { isNeeded: false })
  await build()
  await buildNative(ROOT)
}
