import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { read } from './run.mjs'
import { say } from './say.mjs'

/** `unified` is version 2, whose groups freeze without any controller. */
const CONTROLLERS = ['cpu', 'memory', 'pids', 'unified']

/**
 * Control groups that the user may use, as a login manager hands them over. This
 * process and so the tests are put into them. Returns how to leave and remove them.
 */
export function handOverGroups(user) {
  const made = []
  for (const controller of CONTROLLERS) {
    const own = ownGroup(controller)
    const folder = own && join(own, `tests-of-cloche-${process.pid}`)
    if (!folder) continue
    try {
      mkdirSync(folder)
      made.push({ own, folder })
      if (read('chown', ['-R', `${user}:`, folder]) === null) throw new Error('chown failed')
      writeFileSync(join(folder, 'cgroup.procs'), String(process.pid))
    } catch (cause) {
      say(`no control group for ${controller}: ${cause.message}`)
    }
  }
  if (made.length === 0) say('this machine has no control groups to hand over')
  return () => {
    for (const { own, folder } of made)
      try {
        writeFileSync(join(own, 'cgroup.procs'), String(process.pid))
        rmdirSync(folder)
      } catch (cause) {
        say(`a control group of the tests stays: ${cause.message}`)
      }
  }
}

function ownGroup(controller) {
  const mount = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, , type, options]) =>
      controller === 'unified'
        ? type === 'cgroup2'
        : type === 'cgroup' && options.split(',').includes(controller),
    )
  const path = readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([, names]) =>
      controller === 'unified' ? names === '' : names?.split(',').includes(controller),
    )?.[2]
  return mount && path ? join(mount[1], path) : null
}
