import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { ChildPort, ProcessStarter } from '../core/ports.ts'

/** Starts our own processes as forks of plain Node; `entries` is the folder of built entries. */
export function createForkStarter(entries: string): ProcessStarter {
  return {
    start: (entry) => {
      const child = fork(join(entries, `${entry}.mjs`), [], {
        serialization: 'advanced',
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        execArgv: [],
      })
      return childPort(child)
    },
  }
}

/** The channel of a forked child; it must have been forked with `serialization: 'advanced'`. */
export function childPort(child: ChildProcess): ChildPort {
  // A failed start or a broken pipe shows as an exit; the supervisor handles that one way.
  child.on('error', () => child.kill('SIGKILL'))
  return {
    send: (message) => {
      if (child.connected) child.send(message as object)
    },
    onMessage: (receive) => child.on('message', receive),
    onExit: (exited) => child.once('exit', exited),
    kill: () => child.kill('SIGKILL'),
  }
}
