import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

const LISTENING = '0A'

/**
 * Ports of this machine that Cloche itself listens on: the browser shell, ports of sessions that were
 * made reachable. No rule opens those to a sandbox. Read anew each time, because they come and go.
 */
export function readOwnPorts(): ReadonlySet<number> {
  const ports = new Set<number>()
  for (const pid of [process.pid, process.ppid]) {
    const own = socketsOf(pid)
    for (const name of ['tcp', 'tcp6'])
      for (const line of linesOf(`/proc/${pid}/net/${name}`)) {
        const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
        if (state === LISTENING && own.has(inode))
          ports.add(Number.parseInt(local.split(':')[1] ?? '', 16))
      }
  }
  return ports
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').split('\n').slice(1)
  } catch {
    return []
  }
}

function socketsOf(pid: number): Set<string> {
  const sockets = new Set<string>()
  for (const fd of descriptorsOf(pid)) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1]
      if (inode) sockets.add(inode)
    } catch {
      // A descriptor that closed meanwhile listens on nothing.
    }
  }
  return sockets
}

function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`)
  } catch {
    return []
  }
}
