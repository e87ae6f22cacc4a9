import { readSync } from 'node:fs'
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { spawn } from 'node-pty'
import type { ExitStatus } from '../../shared/domain/process.ts'
import type { TerminalSize } from '../../shared/terminal-viewer.ts'
import type { LaunchSpec } from '../core/terminal-port.ts'

/** After the first process ended, others may hold the terminal; such a silence closes it. */
const END_GRACE_MS = 500
/** node-pty closes the master this long after the exit, read or not. */
const NODE_PTY_GRACE_MS = 200
/** A terminal's buffers hold far less; more comes only from one that goes on writing. */
const MAX_REST_BYTES = 1024 * 1024
/** How long the last output of an ended program is waited for, whatever holds it up. */
const MAX_PAUSED_MS = 10_000
/** So much is read in one turn of the event loop at most, in some milliseconds. */
const MOST_READ_BYTES = 128 * 1024
/** More than a pseudo-terminal ever yields in one read. */
const READ_BYTES = 16 * 1024
/** What is read in one turn, of whatever terminal, until it is handed over. */
const block = new Uint8Array(MOST_READ_BYTES)

export interface MasterEvents {
  data(bytes: Uint8Array): void
  /** After the last `data`. */
  exited(exit: ExitStatus): void
}

/** The master side of one pseudo-terminal and the process that node-pty started on it. */
export interface Master {
  readonly pid: number
  write(bytes: Uint8Array): void
  resize(size: TerminalSize): void
  pause(): void
  resume(): void
  /** SIGKILL to the first process and its group; nothing after it has ended. */
  kill(): void
}

/** Throws when the system refuses a terminal or a process. */
export function openMaster(launch: LaunchSpec, size: TerminalSize, events: MasterEvents): Master {
  const pty = spawn(launch.file, [...launch.args], {
    ...size,
    name: launch.env.TERM ?? 'xterm-256color',
    cwd: launch.cwd,
    env: { ...launch.env },
    encoding: null,
  })
  const { _socket: socket, _fd: fd } = pty as unknown as Inside
  let hasExited = false
  const flow: Flow = { isPaused: false, changes: 0 }
  const receive = (data: Uint8Array): void => {
    flow.changes++
    events.data(data)
  }
  pty.onData((data) => {
    // `encoding: null` makes these Buffers, which node-pty's types do not say.
    const first = data as unknown as Uint8Array
    // What the stream still holds comes before what the kernel holds.
    const isNewest = socket.readableLength === 0 && !flow.isPaused && !socket.destroyed
    receive(isNewest ? withMore(fd, first) : first)
  })
  pty.onExit(({ exitCode, signal }) => {
    hasExited = true
    events.exited(exitStatus(exitCode, signal))
  })
  drainBeforeClose(socket, fd, flow, receive)

  return {
    pid: pty.pid,
    write: (bytes) => {
      if (!hasExited) pty.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    },
    resize: ({ cols, rows }) => {
      if (!hasExited) pty.resize(cols, rows)
    },
    pause: () => {
      flow.isPaused = true
      flow.changes++
      pty.pause()
    },
    resume: () => {
      flow.isPaused = false
      flow.changes++
      pty.resume()
    },
    kill: () => {
      if (hasExited) return
      killQuietly(-pty.pid)
      killQuietly(pty.pid)
    },
  }
}

/** What node-pty's types do not show of it. */
interface Inside {
  readonly _socket: Socket
  readonly _fd: number
}

interface Flow {
  isPaused: boolean
  /** Counts data, pauses and resumes: while it stands still, reading found nothing to read. */
  changes: number
}

/**
 * node-pty destroys the master 200 ms after the exit whether or not everything was read, and a
 * read error throws away what the paused stream still holds. Both would lose output, so closing
 * goes through here: first hand over what was read, then wait for the rest, but not for ever.
 */
function drainBeforeClose(
  socket: Socket,
  fd: number,
  flow: Flow,
  receive: (data: Uint8Array) => void,
): void {
  const destroy = socket.destroy.bind(socket)
  const close = (error?: Error): Socket => {
    if (!socket.destroyed) {
      while (socket.read() !== null);
      readRest(fd, receive)
    }
    return destroy(error)
  }
  // Closes once a whole grace passed in which nothing came although it was read all the time. The
  // look is taken after the event loop's turn for reading, so that a busy process is not mistaken
  // for silence.
  const closeWhenQuiet = (waitedMs: number): void => {
    const before = flow.changes
    const look = (): void => {
      if (socket.destroyed) return
      const isOver = waitedMs >= MAX_PAUSED_MS
      // Paused means the log cannot take it yet: the program's last words wait with it.
      if (flow.isPaused && isOver) socket.resume()
      const isQuiet = !flow.isPaused && flow.changes === before
      if (isQuiet || waitedMs >= MAX_PAUSED_MS + END_GRACE_MS) close()
      else closeWhenQuiet(waitedMs + END_GRACE_MS)
    }
    setTimeout(() => setImmediate(look), END_GRACE_MS - NODE_PTY_GRACE_MS)
  }
  let isClosing = false
  socket.destroy = (error?: Error) => {
    if (error || socket.readableEnded) return close(error)
    if (!isClosing) closeWhenQuiet(0)
    isClosing = true
    return socket
  }
}

/**
 * What was read, and what can be read at once after it. The event loop takes longer to come to one read
 * of a pseudo-terminal, 4 KiB, than the kernel to fill the next: in a flood a reader that goes on reading
 * is half as fast again as one that goes back to it.
 */
function withMore(fd: number, first: Uint8Array): Uint8Array {
  if (first.length > READ_BYTES) return first
  block.set(first)
  const end = readAll(fd, block, first.length)
  return end === first.length ? first : block.slice(0, end)
}

/** What the kernel still holds of a terminal that is about to be closed. */
function readRest(fd: number, receive: (data: Uint8Array) => void): void {
  const rest = new Uint8Array(MAX_REST_BYTES)
  const end = readAll(fd, rest, 0)
  if (end > 0) receive(rest.slice(0, end))
}

/** Reads into `into` from `at` on while there is something and room for it; returns where it ends. */
function readAll(fd: number, into: Uint8Array, at: number): number {
  let end = at
  try {
    while (into.length - end >= READ_BYTES) {
      const bytes = readSync(fd, into, end, READ_BYTES, null)
      if (bytes === 0) return end
      end += bytes
    }
  } catch {
    // The master never waits. EAGAIN: nothing now. EIO: the other side is closed and everything was
    // read; the stream finds that out itself.
  }
  return end
}

function exitStatus(code: number, signal: number | undefined): ExitStatus {
  if (!signal) return { kind: 'exited', code }
  const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0]
  return { kind: 'signalled', signal: name ?? `signal ${signal}` }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended in between.
  }
}
