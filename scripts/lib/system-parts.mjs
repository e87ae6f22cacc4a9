import { existsSync } from 'node:fs'
import { read, run, which } from './run.mjs'
import { confirm, fail, say } from './say.mjs'

/** Package that brings a program, where a package manager below does not say otherwise. */
const PACKAGES = {
  bwrap: 'bubblewrap',
  nsenter: 'util-linux',
  python3: 'python3',
  make: 'make',
  'g++': 'g++',
}

/** Package managers in the order they are looked for. */
const MANAGERS = [
  {
    program: 'apt-get',
    before: ['apt-get', 'update'],
    install: ['apt-get', 'install', '-y'],
    names: {},
  },
  { program: 'dnf', install: ['dnf', 'install', '-y'], names: { 'g++': 'gcc-c++' } },
  {
    program: 'pacman',
    install: ['pacman', '-S', '--noconfirm'],
    names: { 'g++': 'gcc', python3: 'python' },
  },
  { program: 'zypper', install: ['zypper', 'install', '-y'], names: { 'g++': 'gcc-c++' } },
  { program: 'apk', install: ['apk', 'add'], names: {} },
]
const APT = MANAGERS[0]

const asRoot = process.getuid?.() === 0 ? [] : ['sudo']

/** What a program is for, said when it is missing. */
const PURPOSE = {
  bwrap: 'bubblewrap builds the sandbox',
  nsenter: 'nsenter joins a sandbox to its gateway',
  python3: 'node-pty is compiled with it',
  make: 'node-pty is compiled with it',
  'g++': 'node-pty is compiled with it',
}

export const missingPrograms = (names) => names.filter((name) => !which(name))

/** The exact commands that install packages, the last one as text for a person. */
function commandsFor(manager, packages) {
  const install = [...asRoot, ...manager.install, ...packages]
  const before = manager.before ? [[...asRoot, ...manager.before]] : []
  return { all: [...before, install], text: install.join(' ') }
}

async function runAll(commands) {
  process.env.DEBIAN_FRONTEND = 'noninteractive'
  for (const [program, ...args] of commands) {
    say([program, ...args].join(' '))
    if ((await run(program, args)) !== 0) return false
  }
  return true
}

/** How missing programs are installed here; null when no package manager is known. */
export function remedyFor(missing) {
  const manager = MANAGERS.find(({ program }) => which(program))
  if (!manager) return null
  const packages = missing.map((name) => manager.names[name] ?? PACKAGES[name])
  return commandsFor(manager, [...new Set(packages)])
}

/**
 * Makes sure programs are there. Installs them itself only as root or after a yes; otherwise names
 * the command. `isNeeded`: without them nothing works, so the start ends here.
 */
export async function ensurePrograms(names, { isNeeded }) {
  const missing = missingPrograms(names)
  if (missing.length === 0) return
  for (const name of missing) say(`${name} is missing: ${PURPOSE[name]}.`)
  const remedy = remedyFor(missing)
  if (remedy && (await mayInstall(remedy.text))) {
    if ((await runAll(remedy.all)) && missingPrograms(names).length === 0) return
  }
  const sentence = remedy
    ? `install the missing parts with: ${remedy.text}`
    : `install with your package manager: ${missing.join(', ')}`
  if (isNeeded) fail(`${sentence}\nThen start again.`)
  say(sentence)
}

const mayInstall = async (text) => asRoot.length === 0 || confirm(`install it now with "${text}"?`)

/**
 * Debian packages the tests need, each with the other names it goes by, as `name|name`. Installed
 * as root or after a yes, otherwise named.
 */
export async function ensureDebianPackages(packages) {
  if (!which('dpkg-query')) return say(`the tests expect these Debian packages: ${packages}`)
  const missing = packages.filter((names) => !names.split('|').some(isPackageInstalled))
  if (missing.length === 0) return
  const words = () => ['--no-install-recommends', ...missing.map(knownName)]
  // Which of its names a package has here is only known from fresh lists.
  if (
    (await mayInstall(commandsFor(APT, words()).text)) &&
    (await runAll([[...asRoot, ...APT.before]])) &&
    (await runAll([[...asRoot, ...APT.install, ...words()]]))
  )
    return
  say(`the tests need: ${commandsFor(APT, words()).text}`)
}

const isPackageInstalled = (name) =>
  ['', ':amd64', ':arm64'].some((suffix) => existsSync(`/var/lib/dpkg/info/${name}${suffix}.list`))

const knownName = (names) =>
  names.split('|').find((name) => read('apt-cache', ['show', name]) !== null) ?? names.split('|')[0]
