import { readSync } from 'node:fs'
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { type IPty, spawn } from 'node-pty'
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
  let hasExited = false
  const flow: Flow = { isPaused: false, changes: 0 }
  const receive = (data: Uint8Array): void => {
    flow.changes++
    events.data(data)
  }
  // `encoding: null` makes these Buffers, which node-pty's types do not say.
  pty.onData((data) => receive(data as unknown as Uint8Array))
  pty.onExit(({ exitCode, signal }) => {
    hasExited = true
    events.exited(exitStatus(exitCode, signal))
  })
  drainBeforeClose(pty, flow, receive)

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
function drainBeforeClose(pty: IPty, flow: Flow, receive: (data: Uint8Array) => void): void {
  const { _socket: socket, _fd: fd } = pty as unknown as {
    readonly _socket: Socket
    readonly _fd: number
  }
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

/** What the kernel still holds of a terminal that is about to be closed; its reads never wait. */
function readRest(fd: number, receive: (data: Uint8Array) => void): void {
  const part = Buffer.alloc(4096)
  try {
    for (let total = 0; total < MAX_REST_BYTES; ) {
      const bytes = readSync(fd, part)
      if (bytes === 0) return
      receive(Uint8Array.prototype.slice.call(part, 0, bytes))
      total += bytes
    }
  } catch {
    // EAGAIN: nothing now. EIO: the other side is closed and everything was read.
  }
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
