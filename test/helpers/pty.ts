import { type ChildProcess, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'vite'
import type { LaunchSpec, PtyEvents, PtySpawn } from '../../src/main/core/terminal-port.ts'
import { createPtyClient } from '../../src/main/pty/pty-client.ts'
import type { Heartbeat } from '../../src/main/pty/pty-connection.ts'
import type { AnyTerminalId } from '../../src/shared/domain/ids.ts'
import type { ExitStatus } from '../../src/shared/domain/process.ts'
import { decodeLog, type TerminalRecord } from '../../src/shared/terminal-log.ts'

import { childPort } from '../../src/main/shell-web/fork-starter.ts'
import { monoMs, newSessionId, quietLog, ROOT } from './pty-parts.ts'

const bundles: string[] = []

/** Bundles one entry as the product does; returns the file to run. See `removeBundles`. */
export async function bundleEntry(path: string, name: string): Promise<string> {
  // Inside the project, so that external packages are found.
  const outDir = resolve(ROOT, `out/test/${name}-${process.pid}`)
  bundles.push(outDir)
  await build({
    configFile: false,
    root: ROOT,
    logLevel: 'error',
    build: {
      outDir,
      ssr: resolve(ROOT, path),
      target: 'node20',
      rolldownOptions: { output: { format: 'es', entryFileNames: `${name}.mjs` } },
    },
  })
  return join(outDir, `${name}.mjs`)
}

export async function removeBundles(): Promise<void> {
  for (const folder of bundles.splice(0)) await rm(folder, { recursive: true, force: true })
}

export interface Observed {
  readonly active: { terminal: AnyTerminalId; totalBytes: number }[]
  readonly exits: Map<AnyTerminalId, ExitStatus>
  readonly logFailures: string[]
  lost: number
}

export interface PtyHarness {
  readonly ptyHost: ReturnType<typeof createPtyClient>
  readonly observed: Observed
  /** PTY host processes started so far, oldest first. */
  readonly children: ChildProcess[]
  readonly folder: string
  request(launch: LaunchSpec, terminal?: AnyTerminalId): PtySpawn
  dispose(): Promise<void>
}

/** A client with a real PTY host process, on a folder of its own. */
export async function startPtyHarness(
  entry: string,
  options: { readonly heartbeat?: Heartbeat; readonly start?: () => ChildProcess } = {},
): Promise<PtyHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'cloche-pty-'))
  const children: ChildProcess[] = []
  const observed: Observed = { active: [], exits: new Map(), logFailures: [], lost: 0 }
  const events: PtyEvents = {
    active: (terminal, _, totalBytes) => observed.active.push({ terminal, totalBytes }),
    exited: (terminal, exit) => observed.exits.set(terminal, exit),
    logFailed: (_, detail) => observed.logFailures.push(detail),
    lost: () => observed.lost++,
  }
  const ptyHost = createPtyClient({
    events,
    log: quietLog,
    ...(options.heartbeat ? { heartbeat: options.heartbeat } : {}),
    starter: {
      start: () => {
        const child = options.start?.() ?? fork(entry, [], { serialization: 'advanced' })
        children.push(child)
        return childPort(child)
      },
    },
  })
  await mkdir(join(folder, 'logs'))
  return {
    ptyHost,
    observed,
    children,
    folder,
    request: (launch, terminal = newSessionId()) => ({
      terminal,
      launch,
      size: { cols: 80, rows: 24 },
      logPath: join(folder, 'logs', `${terminal}.log`),
      monoOriginMs: monoMs(),
      secrets: [],
    }),
    dispose: async () => {
      await ptyHost.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  timeoutMs = 60_000,
): Promise<void> {
  const end = monoMs() + timeoutMs
  while (!(await isTrue())) {
    if (monoMs() > end) throw new Error(`waited in vain for: ${what}`)
    await new Promise((done) => setTimeout(done, 20))
  }
}

export async function recordsOf(path: string): Promise<readonly TerminalRecord[]> {
  const log = decodeLog(await readFile(path))
  if (log.damage !== 'none') throw new Error(`the log is ${log.damage} after ${log.soundBytes}`)
  return log.records
}

export const outputOf = (records: readonly TerminalRecord[]): Buffer =>
  Buffer.concat(records.flatMap((record) => (record.kind === 'output' ? [record.bytes] : [])))

export const sha256 = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex')

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
