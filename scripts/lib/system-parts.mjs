import { existsSync } from 'node:fs'
import { run, which } from './run.mjs'
import { confirm, fail, say } from './say.mjs'

/** Package managers in the order they are looked for: [program, install words, package names]. */
const MANAGERS = [
  {
    program: 'apt-get',
    install: ['apt-get', 'install', '-y'],
    before: ['apt-get', 'update'],
    names: {
      bwrap: 'bubblewrap',
      nsenter: 'util-linux',
      make: 'make',
      'g++': 'g++',
      python3: 'python3',
    },
  },
  {
    program: 'dnf',
    install: ['dnf', 'install', '-y'],
    names: {
      bwrap: 'bubblewrap',
      nsenter: 'util-linux',
      make: 'make',
      'g++': 'gcc-c++',
      python3: 'python3',
    },
  },
  {
    program: 'pacman',
    install: ['pacman', '-S', '--noconfirm'],
    names: {
      bwrap: 'bubblewrap',
      nsenter: 'util-linux',
      make: 'make',
      'g++': 'gcc',
      python3: 'python',
    },
  },
  {
    program: 'zypper',
    install: ['zypper', 'install', '-y'],
    names: {
      bwrap: 'bubblewrap',
      nsenter: 'util-linux',
      make: 'make',
      'g++': 'gcc-c++',
      python3: 'python3',
    },
  },
  {
    program: 'apk',
    install: ['apk', 'add'],
    names: {
      bwrap: 'bubblewrap',
      nsenter: 'util-linux',
      make: 'make',
      'g++': 'g++',
      python3: 'python3',
    },
  },
]

const isRoot = process.getuid?.() === 0

/** What a program is for, said when it is missing. */
const PURPOSE = {
  bwrap: 'bubblewrap builds the sandbox',
  nsenter: 'nsenter joins a sandbox to its gateway',
  python3: 'node-pty is compiled with it',
  make: 'node-pty is compiled with it',
  'g++': 'node-pty is compiled with it',
}

export const missingPrograms = (names) => names.filter((name) => !which(name))

/** The exact command that installs packages here; null when no package manager is known. */
function installCommand(packagesOf) {
  const manager = MANAGERS.find(({ program }) => which(program))
  if (!manager) return null
  const command = [...manager.install, ...packagesOf(manager)]
  return { manager, command, text: [...(isRoot ? [] : ['sudo']), ...command].join(' ') }
}

async function install({ manager, command, text }) {
  const prefix = isRoot ? [] : ['sudo']
  say(text)
  const all = [...(manager.before ? [manager.before] : []), command]
  for (const words of all) {
    const [program, ...args] = [...prefix, ...words]
    if ((await run(program, args)) !== 0) return false
  }
  return true
}

/**
 * Makes sure programs are there. Installs them itself only as root or after a yes; otherwise names
 * the command. `isNeeded`: without them nothing works, so the start ends here.
 */
export async function ensurePrograms(names, { isNeeded }) {
  const missing = missingPrograms(names)
  if (missing.length === 0) return true
  for (const name of missing) say(`${name} is missing: ${PURPOSE[name]}.`)
  const found = installCommand((manager) => [
    ...new Set(missing.map((name) => manager.names[name])),
  ])
  if (found && (isRoot || (await confirm(`install it now with "${found.text}"?`)))) {
    if ((await install(found)) && missingPrograms(names).length === 0) return true
  }
  const sentence = found
    ? `install the missing parts with: ${found.text}`
    : `install with your package manager: ${missing.join(', ')}`
  if (isNeeded) fail(`${sentence}\nThen start again.`)
  say(sentence)
  return false
}

/** Debian packages the tests need; installed as root, otherwise named. */
export async function ensureDebianPackages(packages) {
  if (!which('dpkg-query')) return say(`the tests expect these programs: ${packages.join(', ')}`)
  const missing = packages.filter(
    (name) =>
      !existsSync(`/var/lib/dpkg/info/${name}.list`) &&
      !existsSync(`/var/lib/dpkg/info/${name}:amd64.list`) &&
      !existsSync(`/var/lib/dpkg/info/${name}:arm64.list`),
  )
  if (missing.length === 0) return
  const manager = MANAGERS[0]
  const command = [...manager.install, '--no-install-recommends', ...missing]
  const text = [...(isRoot ? [] : ['sudo']), ...command].join(' ')
  if (isRoot || (await confirm(`install what the tests need with "${text}"?`))) {
    process.env.DEBIAN_FRONTEND = 'noninteractive'
    if (await install({ manager, command, text })) return
  }
  say(`the tests need: ${text}`)
}
