import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { read, which } from './run.mjs'
import { say } from './say.mjs'

const START_MS = 30_000

/**
 * Where the tests are started by root they have a container engine of their own, so that whatever
 * they do to it is nobody's loss; it has no network. Elsewhere the person's own engine is used, if there is
 * one.
 */
export async function startTestEngine() {
  const nothing = { end: async () => undefined }
  if (process.getuid?.() !== 0 || process.env.DOCKER_HOST || !which('dockerd')) return nothing
  const folder = mkdtempSync('/var/tmp/cloche-engine-')
  chmodSync(folder, 0o711)
  const socket = join(folder, 'docker.sock')
  const log = openSync(join(folder, 'log'), 'w')
  const engine = spawn(
    which('dockerd'),
    [
      ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
      ...['--pidfile', join(folder, 'pid'), '--host', `unix://${socket}`],
      ...['--bridge=none', '--iptables=false', '--ip6tables=false'],
    ],
    { stdio: ['ignore', log, log], env: { PATH: process.env.PATH } },
  )
  let hasEnded = false
  const ended = new Promise((resolve) => engine.on('exit', resolve)).then(() => {
    hasEnded = true
  })
  for (let waited = 0; !existsSync(socket) && !hasEnded && waited < START_MS; waited += 100)
    await sleep(100)
  if (!existsSync(socket) || hasEnded) {
    say(
      `a container engine could not be started: ${readFileSync(join(folder, 'log'), 'utf8').slice(-500)}`,
    )
    return nothing
  }
  // The tests run as a user that is in no group; this engine is theirs alone.
  chmodSync(socket, 0o666)
  process.env.DOCKER_HOST = `unix://${socket}`
  return {
    end: async () => {
      delete process.env.DOCKER_HOST
      engine.kill('SIGTERM')
      await Promise.race([ended, sleep(START_MS)])
      for (const line of (read('findmnt', ['-rno', 'TARGET']) ?? '').split('\n').reverse())
        if (line.startsWith(folder)) read('umount', ['-l', line])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
