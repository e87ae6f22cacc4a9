import { spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hearWishes } from './engine-wishes.mjs'
import { endAllOf } from './leftovers.mjs'
import { read, which } from './run.mjs'

const START_MS = 30_000

/**
 * Podman's service, root's or that of an ordinary user, with nothing of the machine's own: it has no
 * network, and its folder goes with it. `person`: number and group of the user; null: it is started
 * as whoever starts the tests. Resolves with the variables that lead the tests to it and with how to end
 * it, or with why there is none.
 */
export async function startPodman(person) {
  const program = which('podman')
  if (!program) return { reason: 'podman is not installed' }
  const isRoots = process.getuid?.() === 0 && person === null
  if (!isRoots && !which('newuidmap')) return { reason: 'newuidmap is not installed' }
  const folder = makeFolder(person)
  const socket = join(folder, 'session/podman.sock')
  // The tests run as a user that is in no group; this engine is theirs alone.
  if (isRoots) chmodSync(join(folder, 'session'), 0o711)
  const begin = () => start(program, folder, socket, { person, isRoots })
  let service = await begin()
  const end = async () => {
    wishes.end()
    await endGroup(service.pid, 'SIGTERM')
    for (const line of (read('findmnt', ['-rno', 'TARGET']) ?? '').split('\n').reverse())
      if (line.startsWith(folder)) read('umount', ['-l', line])
    if (process.getuid?.() !== 0) read(program, ['unshare', 'rm', '-rf', join(folder, 'data')])
    // It leaves a process that holds its user namespace, and watchers of what was started inside.
    endPause(join(folder, 'tmp/pause.pid'))
    endAllOf(folder)
    rmSync(folder, { recursive: true, force: true })
  }
  const wishes = hearWishes(folder, async () => {
    await endGroup(service.pid, 'SIGKILL')
    rmSync(socket, { force: true })
    service = await begin()
  })
  if (service.answers)
    return {
      env: { DOCKER_HOST: `unix://${socket}`, CLOCHE_TEST_ENGINE_RESTART: wishes.wish },
      end,
    }
  const words = readFileSync(join(folder, 'log'), 'utf8').trim().slice(-500)
  await end()
  return { reason: `its service does not answer: ${words}` }
}

function makeFolder(person) {
  const folder = mkdtempSync('/var/tmp/cloche-podman-')
  chmodSync(folder, 0o711)
  for (const name of ['data', 'run', 'tmp', 'home', 'session']) {
    mkdirSync(join(folder, name), { mode: 0o700 })
    if (person) chownSync(join(folder, name), person.uid, person.gid)
  }
  // Whatever this machine sets for containers is not meant here.
  writeFileSync(join(folder, 'containers.conf'), '')
  return folder
}

async function start(program, folder, socket, { person, isRoots }) {
  const args = [
    ...['--root', join(folder, 'data'), '--runroot', join(folder, 'run')],
    ...['--tmpdir', join(folder, 'tmp'), '--storage-driver', 'overlay'],
    ...['--cgroup-manager', 'cgroupfs', '--events-backend', 'file'],
    // Its usual one refuses control groups of both versions beside each other.
    ...(hasOnlyGroups2() || !which('runc') ? [] : ['--runtime', 'runc']),
    ...['system', 'service', '--time=0', `unix://${socket}`],
  ]
  const log = openSync(join(folder, 'log'), 'a')
  const child = spawn(program, args, {
    ...{ stdio: ['ignore', log, log], cwd: folder, detached: true },
    env: {
      PATH: process.env.PATH,
      HOME: join(folder, 'home'),
      TMPDIR: join(folder, 'tmp'),
      XDG_RUNTIME_DIR: join(folder, 'session'),
      CONTAINERS_CONF: join(folder, 'containers.conf'),
    },
    ...person,
  })
  let hasEnded = false
  for (const event of ['exit', 'error'])
    child.on(event, () => {
      hasEnded = true
    })
  const until = performance.now() + START_MS
  while (read('docker', ['--host', `unix://${socket}`, 'version']) === null) {
    if (hasEnded || performance.now() > until) return { pid: child.pid, answers: false }
    await sleep(100)
  }
  if (isRoots) chmodSync(socket, 0o666)
  return { pid: child.pid, answers: true }
}

const hasOnlyGroups2 = () => existsSync('/sys/fs/cgroup/cgroup.controllers')

/** As an ordinary user it starts itself once more, and does not end with what it started. */
async function endGroup(pid, signal) {
  if (pid === undefined) return
  const until = performance.now() + START_MS
  const tell = (word) => {
    try {
      return process.kill(-pid, word)
    } catch {
      return false
    }
  }
  tell(signal)
  while (tell(0)) {
    if (performance.now() > until) tell('SIGKILL')
    await sleep(50)
  }
}

function endPause(file) {
  if (!existsSync(file)) return
  const pid = Number(readFileSync(file, 'utf8'))
  if (pid > 1) process.kill(pid, 'SIGKILL')
}
