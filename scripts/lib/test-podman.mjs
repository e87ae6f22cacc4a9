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
import { read, which } from './run.mjs'

const START_MS = 30_000
/**
 * Podman's service, root's or that of an ordinary user, with nothing of the machine's own: it has no
 * network, and its folder goes with it. `person`: number and group of the user; null: it is started
 * as whoever starts the tests. Resolves with its socket and how to end it, or with why there is none.
 */
export async function startPodman(person) {
  const program = which('podman')
  if (!program) return { reason: 'podman is not installed' }
  const isRoot = process.getuid?.() === 0 && person === null
  if (!isRoot && !which('newuidmap')) return { reason: 'newuidmap is not installed' }
  const folder = mkdtempSync('/var/tmp/cloche-podman-')
  chmodSync(folder, 0o711)
  const own = person ?? { uid: process.getuid(), gid: process.getgid() }
  for (const name of ['data', 'run', 'tmp', 'home', 'session']) {
    mkdirSync(join(folder, name), { mode: 0o700 })
    chownSync(join(folder, name), own.uid, own.gid)
  }
  // Whatever this machine sets for containers is not meant here.
  writeFileSync(join(folder, 'containers.conf'), '')
  const as = process.getuid?.() === 0 && person ? person : {}
  const env = {
    PATH: process.env.PATH,
    HOME: join(folder, 'home'),
    TMPDIR: join(folder, 'tmp'),
    XDG_RUNTIME_DIR: join(folder, 'session'),
    CONTAINERS_CONF: join(folder, 'containers.conf'),
  }
  const stores = [
    ...['--root', join(folder, 'data'), '--runroot', join(folder, 'run')],
    ...['--tmpdir', join(folder, 'tmp'), '--storage-driver', 'overlay'],
    ...['--cgroup-manager', 'cgroupfs', '--events-backend', 'file'],
    // Its usual one refuses control groups of both versions beside each other.
    ...(hasOnlyGroups2() || !which('runc') ? [] : ['--runtime', 'runc']),
  ]
  const socket = join(folder, 'session/podman.sock')
  if (isRoot) chmodSync(join(folder, 'session'), 0o711)
  const log = join(folder, 'log')
  const out = openSync(log, 'w')
  const child = spawn(program, [...stores, 'system', 'service', '--time=0', `unix://${socket}`], {
    ...{ stdio: ['ignore', out, out], cwd: folder, env, detached: true },
    ...as,
  })
  let hasEnded = false
  for (const event of ['exit', 'error'])
    child.on(event, () => {
      hasEnded = true
    })
  const end = async () => {
    await endGroup(child.pid)
    // It leaves a process that holds its user namespace, and mounts.
    endPause(join(folder, 'tmp/pause.pid'))
    for (const line of (read('findmnt', ['-rno', 'TARGET']) ?? '').split('\n').reverse())
      if (line.startsWith(folder)) read('umount', ['-l', line])
    if (process.getuid?.() !== 0) read(program, ['unshare', 'rm', '-rf', join(folder, 'data')])
    rmSync(folder, { recursive: true, force: true })
  }
  const until = performance.now() + START_MS
  while (read('docker', ['--host', `unix://${socket}`, 'version']) === null) {
    if (hasEnded || performance.now() > until) {
      const words = readFileSync(log, 'utf8').trim().slice(-500)
      await end()
      return { reason: `its service does not answer: ${words}` }
    }
    await sleep(100)
  }
  // The tests run as a user that is in no group; this engine is theirs alone.
  if (isRoot) chmodSync(socket, 0o666)
  return { socket, end }
}

const hasOnlyGroups2 = () => existsSync('/sys/fs/cgroup/cgroup.controllers')

/** As an ordinary user it starts itself once more, and does not end with what it started. */
async function endGroup(pid) {
  const until = performance.now() + START_MS
  const tell = (signal) => {
    try {
      return process.kill(-pid, signal)
    } catch {
      return false
    }
  }
  tell('SIGTERM')
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
