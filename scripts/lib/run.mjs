import { spawn, spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Resolves with the exit code; output goes to the person. */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options })
    child.on('error', () => resolve(127))
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

/** As `run`; the variables of `env` are added to our own. */
export const runHere = (command, args, { env, ...options } = {}) =>
  run(command, args, { ...options, env: { ...process.env, ...env } })

/** Output of a quiet command; null when it cannot be run or fails. */
export function read(command, args) {
  const done = spawnSync(command, args, { encoding: 'utf8' })
  return done.status === 0 ? done.stdout.trim() : null
}

/** Absolute path of a program on PATH or in the system folders; null when there is none. */
export function which(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/sbin', '/bin']
  for (const folder of folders) {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return join(folder, name)
    } catch {
      // Not here.
    }
  }
  return null
}
