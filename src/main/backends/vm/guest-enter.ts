import { once } from 'node:events'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { err, ok, type Result } from '../../../shared/result.ts'
import { hasEnded, splitStat, startTicksOf } from '../../core/proc-stat.ts'
import type { GuestKernel } from '../../core/ports.ts'
import type { Entered, Entry } from '../../core/terminal-port.ts'
import { joinEntered, type SeenKernel, shellsToTry } from '../entered.ts'
import type { Connector } from '../ports/connector.ts'
import { joinStreams } from '../ports/forward.ts'
import { makeRunFolder } from '../run-folder.ts'
import type { SandboxHelpers } from '../take-network.ts'
import { openLine, words } from './guest-channel.ts'
import { guestChildren, readGuestFacts } from './guest-facts.ts'
import { createPartReader, PART, partOf } from './terminal-parts.ts'

/** What starts programs with a terminal in a machine. */
export interface MachineEntry {
  /** Built `machine-terminal` entry. */
  readonly terminalScript: string
  readonly helpers: Pick<SandboxHelpers, 'nodePath' | 'nodeEnv'>
  /** This machine's own shell, and the machine's or its image's. */
  readonly ownShell: string
  readonly shell: string
  /** Folders of this machine that exist inside. */
  readonly visible: readonly string[]
}

/** Port of a machine at which its first process makes terminals: see native/vm-terminals.h. */
const TERMINALS_PORT = 0
/** Until it has made one. An emulated processor on a busy machine takes its time. */
const MADE_MS = 30_000
const MOST_BYTES = 64 * 1024

/**
 * Made by the machine's first process, beside its program, and looked at through the machine's own
 * /proc before it runs. The stream it is carried by ends with the machine, and it with the stream.
 */
export async function enterMachine(
  entry: MachineEntry,
  { kernel, connector }: { readonly kernel: GuestKernel; readonly connector: Connector },
  wanted: string | null,
): Promise<Result<Entry, string>> {
  const folder = await makeRunFolder(entry.visible)
  const path = join(folder.path, 'terminal')
  let came: (bridge: Socket) => void = () => undefined
  const bridged = new Promise<Socket>((done) => {
    came = done
  })
  const line = await openLine(path, (bridge) => came(bridge))
  let stream: Duplex | null = null
  const abandon = async (): Promise<void> => {
    line.close()
    stream?.destroy()
    await folder.remove()
  }
  const enter = async (exited: AbortSignal): Promise<Result<Entered, string>> => {
    const opened = await connector.connect(TERMINALS_PORT)
    if (!opened.ok) return err(`The machine opened no terminal: ${opened.error}.`)
    stream = opened.value
    const signal = AbortSignal.any([exited, AbortSignal.timeout(MADE_MS)])
    const bridge = await orAborted(bridged, signal)
    const pid = bridge && (await startShell(opened.value, shellsToTry(wanted, entry.shell), signal))
    if (!bridge || !pid) return err('The machine opened no terminal.')
    joinStreams(bridge, opened.value)
    return joinEntered({
      ...{ kernel: seenIn(kernel), first: kernel.rootPid, exited },
      find: () => Promise.resolve(pid),
      // It was started where the limits of the machine's program are, which is looked at next.
      admit: () => Promise.resolve(),
    })
  }
  return ok({
    launch: {
      file: entry.ownShell,
      args: [
        // The terminal inside does all there is to do for keys and lines.
        ...['-c', 'stty raw -echo 2>/dev/null; exec "$@"', 'cloche'],
        ...[entry.helpers.nodePath, entry.terminalScript, path],
      ],
      env: { ...entry.helpers.nodeEnv },
      cwd: '/',
    },
    join: async (_pid, exited) => {
      const entered = await enter(exited)
      if (entered.ok) await folder.remove()
      return entered
    },
    abandon,
  })
}

const orAborted = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T | null> =>
  Promise.race([promise, signal.aborted ? null : once(signal, 'abort').then((): null => null)])

/** The number of the shell, which waits; null: the machine made none, or says something else. */
async function startShell(
  stream: Duplex,
  shells: readonly string[],
  signal: AbortSignal,
): Promise<number | null> {
  const said = new Promise<number | null>((settle) => {
    const read = createPartReader((kind, content) =>
      settle(kind === PART.made && content.length === 4 ? content.readUInt32LE() : null),
    )
    stream.on('readable', () => {
      // Its head and the number: what follows is for the terminal.
      const part: unknown = stream.read(8)
      if (Buffer.isBuffer(part) && !read(part)) settle(null)
    })
    for (const over of ['error', 'end', 'close']) stream.once(over, () => settle(null))
  })
  stream.write(partOf(PART.start, words(...shells)))
  const pid = await orAborted(said, signal)
  stream.removeAllListeners('readable')
  return pid
}

export function seenIn({ proc, signal }: GuestKernel): SeenKernel {
  const read: SeenKernel['read'] = async (pid, name) =>
    (await proc.read(`/proc/${pid}/${name}`, MOST_BYTES))?.toString('utf8') ?? null
  return {
    read,
    identify: async (pid) => {
      const line = splitStat((await read(pid, 'stat')) ?? '')
      return line && !hasEnded(line) ? { pid, ticks: startTicksOf(line) } : null
    },
    children: (pid) => guestChildren(proc, pid),
    facts: (pid) => readGuestFacts(proc, pid),
    signal: async ({ pid, ticks }, name) => {
      await signal({ pid, startTicks: ticks }, name)
    },
    ...{ enterMs: 60_000, pollMs: 20 },
  }
}
