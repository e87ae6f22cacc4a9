// What recording costs a program that writes as fast as it can, how long a replay takes to show another
// moment, and how much room an hour of a real agent takes. Started by scripts/bench.mjs; arguments:
// folder of the built entries, folder of the peers' programs, rounds.
import { execFile, fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Terminal } from '@xterm/xterm'
import { spawn } from 'node-pty'
import { createPtyClient } from '../src/main/pty/pty-client.ts'
import { headlessTerminal } from '../src/main/pty/xterm-headless.ts'
import { childPort } from '../src/main/shell-web/fork-starter.ts'
import { createTerminalPlayer } from '../src/renderer/features/terminal-player.ts'
import { readByParts } from '../src/renderer/stores/recorded-log.ts'
import { LIMITS } from '../src/shared/rpc/frames.ts'
import { BASIC_SPEC } from '../src/shared/domain/session.ts'
import { SessionId } from '../src/shared/domain/ids.ts'
import { SCROLLBACK_LINES, UNICODE_VERSION } from '../src/shared/terminal-settings.ts'
import { indexOfLog } from '../test/helpers/terminal-logs.ts'
import { startCloche } from './cloche-session.ts'
import { type Contender, measure, table } from './rounds.ts'

const [entries = '', peers = '', roundsText = '15'] = process.argv.slice(2)
const isQuick = Number(roundsText) < 10
const BYTES = isQuick ? 100_000_000 : 1_000_000_000
const ROUNDS = isQuick ? 2 : 1
const SEEKS = 20
const AGENT_MS = isQuick ? 15_000 : 60_000

const root = mkdtempSync('/var/tmp/cloche-bench-')
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const LINE = '\x1b[32m ok \x1b[0m test/unit/session.test.ts: a session that ended is shown as ended'
const SCRIPT = `yes '${LINE}' | head -c ${BYTES}`
const ENV = { PATH: '/usr/bin:/bin', TERM: 'xterm-256color', HOME: root, LANG: 'C.UTF-8' }
const SIZE = { cols: 120, rows: 40 }

const timed = (name: string, run: () => Promise<void>): Contender => ({
  name,
  run: async () => {
    const started = performance.now()
    await run()
    return performance.now() - started
  },
})

const plain = timed('pty, nothing kept', () => {
  const pty = spawn('/bin/sh', ['-c', SCRIPT], { ...SIZE, env: ENV, encoding: null })
  pty.onData(() => undefined)
  return new Promise((resolve) => pty.onExit(() => resolve()))
})

const castPath = join(root, 'theirs.cast')
const asciinema = timed('asciinema rec', () => {
  const args = ['rec', '-q', '--overwrite', '-c', SCRIPT, castPath]
  return new Promise((resolve, reject) =>
    execFile('asciinema', args, { env: ENV, maxBuffer: 2 * BYTES + 1e6 }, (error) =>
      error ? reject(error) : resolve(),
    ),
  )
})

let number = 0
let logPath = ''
const exits = new Map<SessionId, () => void>()
const ptyHost = createPtyClient({
  log: silent,
  starter: {
    start: () => childPort(fork(join(entries, 'pty-host.mjs'), [], { serialization: 'advanced' })),
  },
  events: {
    active: () => undefined,
    exited: (id) => exits.get(id)?.(),
    logFailed: (_, detail) => {
      throw new Error(detail)
    },
    lost: () => {
      throw new Error('the PTY host was lost')
    },
  },
})
const cloche = timed('Cloche, screen and log', async () => {
  const sessionId = SessionId.parse(`ses_${(++number).toString(16).padStart(16, '0')}`)
  rmSync(logPath, { force: true })
  logPath = join(root, `${sessionId}.log`)
  const ended = new Promise<void>((resolve) => exits.set(sessionId, resolve))
  const spawned = await ptyHost.spawn({
    ...{ sessionId, size: SIZE, logPath, secrets: [] },
    launch: { file: '/bin/sh', args: ['-c', SCRIPT], env: ENV, cwd: '/' },
    monoOriginMs: Number(process.hrtime.bigint()) / 1e6,
  })
  if (!spawned.ok) throw new Error(spawned.error.detail)
  await ended
  ptyHost.release(sessionId)
})

const rows = await measure([plain, asciinema, cloche], ROUNDS)
console.log(table(`${BYTES / 1e6} MB of output`, rows))
const bytesOf = (path: string): string => `${(statSync(path).size / BYTES).toFixed(2)} bytes`
console.log(
  `\na byte of output takes ${bytesOf(castPath)} of asciinema's, ${bytesOf(logPath)} of ours`,
)
await ptyHost.stop()

// Every moment from every other: the screen is there when the last byte of it has been parsed.
const bytes = readFileSync(logPath)
const log = readByParts(indexOfLog(bytes), (at) =>
  Promise.resolve(bytes.subarray(at, at + LIMITS.readBytes)),
)
const keyframes = log.index.points.filter(({ screenAt }) => screenAt !== null)
const moment = (share: number): number => log.index.durationMs * share
const terminal = headlessTerminal(SIZE, SCROLLBACK_LINES, UNICODE_VERSION, () => undefined)
const player = createTerminalPlayer(terminal as unknown as Terminal, log)
const seeks: number[] = []
for (let n = 1; n <= SEEKS; n++) {
  const started = performance.now()
  player.seek(moment((n * 0.618) % 1))
  await player.idle()
  seeks.push(performance.now() - started)
}
seeks.sort((a, b) => a - b)
const shown = { medianMs: seeks[SEEKS / 2]!, worstMs: seeks.at(-1)! }
console.log(
  `\nanother moment of ${BYTES / 1e6} MB, ${keyframes.length} keyframes: ` +
    `median ${shown.medianMs.toFixed(0)} ms, worst ${shown.worstMs.toFixed(0)} ms of ${SEEKS}`,
)

const workspace = join(root, 'home', 'project')
mkdirSync(workspace, { recursive: true })
const { connection, stop } = await startCloche({ entries, root, path: `${peers}:/usr/bin:/bin` })
const sizes: Record<string, number> = {}
for (const agent of ['codex', 'claude-code'] as const) {
  const created = await connection.api.session.create({
    ...{ agent, command: null, workspace, level: 'os', title: null, network: 'deny' },
    ...{ grants: [], useSignIn: false, acknowledgement: null, ...BASIC_SPEC },
  })
  if (!created.ok) throw new Error(JSON.stringify(created.error))
  await sleep(AGENT_MS)
  await connection.api.session.stop({ id: created.value.id })
  const folder = readdirSync(root, { recursive: true, withFileTypes: true })
  const onDisk = folder
    .filter((entry) => entry.isFile() && entry.parentPath.includes(created.value.id))
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
  sizes[agent] = onDisk
  console.log(
    `${agent}, signed out, ${AGENT_MS / 1000} s: ${(onDisk / 1e6).toFixed(2)} MB, ` +
      `at that rate ${((onDisk / 1e6) * (3_600_000 / AGENT_MS)).toFixed(0)} MB an hour`,
  )
}
process.send?.([...rows, shown, sizes])
await stop()
rmSync(root, { recursive: true, force: true })
process.exit(0)
