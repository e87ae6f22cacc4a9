import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { type IPty, spawn } from 'node-pty'
import type { ExitStatus } from '../../shared/domain/process.ts'
import type { LaunchSpec, TerminalSize } from '../core/ports.ts'

/** After the first process ended, others may still hold the terminal; they get this long. */
const END_GRACE_MS = 500
/** node-pty closes the master this long after the exit, read or not. */
const NODE_PTY_GRACE_MS = 200
/** How long the last output of an ended program waits for a log that cannot be written. */
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
  let isPaused = false
  // `encoding: null` makes these Buffers, which node-pty's types do not say.
  pty.onData((data) => events.data(data as unknown as Uint8Array))
  pty.onExit(({ exitCode, signal }) => {
    hasExited = true
    events.exited(exitStatus(exitCode, signal))
  })
  drainBeforeClose(pty, () => isPaused)

  return {
    pid: pty.pid,
    write: (bytes) => {
      if (!hasExited) pty.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    },
    resize: ({ cols, rows }) => {
      if (!hasExited) pty.resize(cols, rows)
    },
    pause: () => {
      isPaused = true
      pty.pause()
    },
    resume: () => {
      isPaused = false
      pty.resume()
    },
    kill: () => {
      if (hasExited) return
      killQuietly(-pty.pid)
      killQuietly(pty.pid)
    },
  }
}

/**
 * node-pty destroys the master 200 ms after the exit whether or not everything was read, and a
 * read error throws away what the paused stream still holds. Both would lose output, so closing
 * goes through here: first hand over what was read, then wait for the rest, but not for ever.
 */
function drainBeforeClose(pty: IPty, isPaused: () => boolean): void {
  const socket = (pty as unknown as { readonly _socket: Socket })._socket
  const destroy = socket.destroy.bind(socket)
  const close = (error?: Error): Socket => {
    while (socket.read() !== null);
    return destroy(error)
  }
  const closeLater = (pausedMs: number): void => {
    setTimeout(() => {
      if (socket.destroyed) return
      // Paused means the log cannot take it yet: the program's last words wait with it.
      if (!isPaused()) close()
      else if (pausedMs < MAX_PAUSED_MS) closeLater(pausedMs + END_GRACE_MS)
      else {
        socket.resume()
        setTimeout(() => close(), END_GRACE_MS)
      }
    }, END_GRACE_MS - NODE_PTY_GRACE_MS)
  }
  let isClosing = false
  socket.destroy = (error?: Error) => {
    if (error || socket.readableEnded) return close(error)
    if (!isClosing) closeLater(0)
    isClosing = true
    return socket
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
