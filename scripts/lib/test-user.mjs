import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { handOverGroups } from './test-cgroups.mjs'
import { endLeftovers } from './leftovers.mjs'
import { read, run, runHere } from './run.mjs'
import { ROOT } from './prepare.mjs'
import { fail, say } from './say.mjs'

const USER = 'cloche-test'

/**
 * The sandbox and Electron's own sandbox are for ordinary users. Where the tests are started by
 * root they run as a user made for them, on a copy of the checkout that it owns. `end` removes the
 * copy and returns the processes that the tests left behind. `person`: number and group of that user;
 * null: it is whoever starts the tests.
 */
export function ordinaryUser() {
  if (process.getuid?.() !== 0)
    return { root: ROOT, person: null, start: runHere, end: async () => null }
  if (read('id', ['-u', USER]) === null && read('useradd', ['--create-home', USER]) === null)
    fail(`the user ${USER} could not be made; run the tests as an ordinary user.`)
  giveNumbers()
  const base = mkdtempSync('/var/tmp/cloche-test-')
  const root = join(base, 'checkout')
  say(`copying the checkout for the user ${USER}`)
  cpSync(ROOT, root, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => path !== join(ROOT, '.git'),
  })
  mkdirSync(join(base, 'home'))
  mkdirSync(join(base, 'tmp'))
  if (read('chown', ['-R', `${USER}:${USER}`, base]) === null) fail(`chown of ${base} failed`)
  const leaveGroups = handOverGroups(USER)
  const env = {
    PATH: process.env.PATH,
    LANG: process.env.LANG ?? 'C.UTF-8',
    HOME: join(base, 'home'),
    TMPDIR: join(base, 'tmp'),
    USER,
    LOGNAME: USER,
    SHELL: '/bin/bash',
    ...keep(['CI', 'ELECTRON_OVERRIDE_DIST_PATH', 'CLOCHE_TEST_CHROMIUM']),
    ...keep(['DOCKER_HOST', 'CLOCHE_TEST_ENGINE_RESTART']),
  }
  return {
    root,
    person: { uid: Number(read('id', ['-u', USER])), gid: Number(read('id', ['-g', USER])) },
    start: (command, args, options = {}) =>
      run('runuser', ['-u', USER, '--', command, ...args], {
        cwd: root,
        ...options,
        env: { ...env, ...options.env },
      }),
    end: async () => {
      const left = await endLeftovers(base)
      leaveGroups()
      rmSync(base, { recursive: true, force: true })
      return left
    },
  }
}

/** For whoever else is in a container of an ordinary user's engine; most systems give them by themselves. */
function giveNumbers() {
  if (readFileSync('/etc/subuid', { encoding: 'utf8', flag: 'a+' }).includes(`${USER}:`)) return
  const range = '231072-296607'
  if (read('usermod', ['--add-subuids', range, '--add-subgids', range, USER]) === null)
    say(`${USER} was given no numbers for containers of its own`)
}

const keep = (names) =>
  Object.fromEntries(
    names
      .filter((name) => process.env[name] !== undefined)
      .map((name) => [name, process.env[name]]),
  )
