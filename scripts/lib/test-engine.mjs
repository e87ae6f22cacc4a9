import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hearWishes } from './engine-wishes.mjs'
import { read, which } from './run.mjs'
import { say } from './say.mjs'

const START_MS = 30_000

/**
 * Where the tests are started by root they have a container engine of their own, so that whatever
 * they do to it is nobody's loss; it has no network. It is killed and started again when the file
 * named by CLOCHE_TEST_ENGINE_RESTART appears, which goes when it answers again. Elsewhere the person's
 * own engine is used, if there is one.
 */
export async function startTestEngine() {
  const nothing = { end: async () => undefined }
  const program = which('dockerd')
  if (process.getuid?.() !== 0 || process.env.DOCKER_HOST || !program) return nothing
  const folder = mkdtempSync('/var/tmp/cloche-engine-')
  chmodSync(folder, 0o711)
  const socket = join(folder, 'docker.sock')
  const log = openSync(join(folder, 'log'), 'w')
  let engine = await start(program, folder, socket, log)
  if (!engine) {
    const words = readFileSync(join(folder, 'log'), 'utf8').slice(-500)
    say(`a container engine could not be started: ${words}`)
    return nothing
  }
  const restart = async () => {
    engine.child.kill('SIGKILL')
    await engine.ended
    // What it would take for a sign that it still runs.
    for (const stale of ['docker.sock', 'pid', 'exec/containerd/containerd.pid'])
      rmSync(join(folder, stale), { force: true })
    engine = (await start(program, folder, socket, log)) ?? engine
  }
  const wishes = hearWishes(folder, restart)
  process.env.DOCKER_HOST = `unix://${socket}`
  process.env.CLOCHE_TEST_ENGINE_RESTART = wishes.wish
  return {
    end: async () => {
      wishes.end()
      delete process.env.DOCKER_HOST
      delete process.env.CLOCHE_TEST_ENGINE_RESTART
      engine.child.kill('SIGTERM')
      await Promise.race([engine.ended, sleep(START_MS)])
      for (const line of (read('findmnt', ['-rno', 'TARGET']) ?? '').split('\n').reverse())
        if (line.startsWith(folder)) read('umount', ['-l', line])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Containers outlive it, so that one that is killed finds them again. null: it does not start. */
async function start(program, folder, socket, log) {
  const args = [
    ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
    ...['--pidfile', join(folder, 'pid'), '--host', `unix://${socket}`, '--live-restore'],
    ...['--bridge=none', '--iptables=false', '--ip6tables=false'],
  ]
  const child = spawn(program, args, {
    stdio: ['ignore', log, log],
    env: { PATH: process.env.PATH },
  })
  let hasEnded = false
  const ended = new Promise((resolve) => child.on('exit', resolve)).then(() => {
    hasEnded = true
  })
  const answers = () => read('docker', ['--host', `unix://${socket}`, 'version']) !== null
  const until = performance.now() + START_MS
  while (!answers()) {
    if (hasEnded || performance.now() > until) return null
    await sleep(50)
  }
  // The tests run as a user that is in no group; this engine is theirs alone.
  chmodSync(socket, 0o666)
  return { child, ended }
}
