// What recording costs a program that writes as fast as it can, how a recording of four hours opens and
// moves, how much room an hour of a real agent takes, and a timeline of a million events. Started by
// scripts/bench.mjs; arguments: folder of the built entries, folder of the peers' programs, rounds,
// megabytes of output.
import { execFile, fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { spawn } from 'node-pty'
import { createPtyClient } from '../src/main/pty/pty-client.ts'
import { childPort } from '../src/main/shell-web/fork-starter.ts'
import { BASIC_SPEC } from '../src/shared/domain/session.ts'
import { SessionId } from '../src/shared/domain/ids.ts'
import { measureLongRecording, printLongRecording, writeLongRecording } from './long-recording.ts'
import { startCloche } from './cloche-session.ts'
import { recordAlone } from './recorder-alone.ts'
import { measureTimeline } from './timeline.ts'
import { type Contender, measure, table } from './rounds.ts'

const [entries = '', peers = '', roundsText = '15', megabytes = ''] = process.argv.slice(2)
const isQuick = Number(roundsText) < 10
const BYTES = (Number(megabytes) || (isQuick ? 100 : 1000)) * 1_000_000
const FRAME_MS = 16
const ROUNDS = isQuick ? 2 : 1
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
const exits = new Map<string, () => void>()
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
/** Draws within one frame of a screen, and says so; what matters is how long it had nothing new. */
let longestGapMs = 0
function watch(sessionId: SessionId): void {
  let lastMs = performance.now()
  let lastOffset = -1
  const arrived = (offset: number): void => {
    // The history comes once more after all output was seen.
    if (offset > lastOffset) {
      longestGapMs = Math.max(longestGapMs, performance.now() - lastMs)
      lastMs = performance.now()
      lastOffset = offset
    }
    setTimeout(() => attachment?.drawn(offset), FRAME_MS)
  }
  const attachment = ptyHost.attach(sessionId, {
    screen: arrived,
    output: (offset, bytes) => arrived(offset + bytes.length),
    resized: () => undefined,
  })
}

const clocheWith = (isWatched: boolean) => async (): Promise<void> => {
  const sessionId = SessionId.parse(`ses_${(++number).toString(16).padStart(16, '0')}`)
  rmSync(logPath, { force: true })
  logPath = join(root, `${sessionId}.log`)
  const ended = new Promise<void>((resolve) => exits.set(sessionId, resolve))
  const spawned = await ptyHost.spawn({
    ...{ terminal: sessionId, size: SIZE, logPath, secrets: [] },
    launch: { file: '/bin/sh', args: ['-c', SCRIPT], env: ENV, cwd: '/' },
    monoOriginMs: Number(process.hrtime.bigint()) / 1e6,
  })
  if (!spawned.ok) throw new Error(spawned.error.detail)
  if (isWatched) watch(sessionId)
  await ended
  ptyHost.release(sessionId)
}
const cloche = timed('Cloche, screen and log', clocheWith(false))
const watched = timed('Cloche, and a viewer', clocheWith(true))

const rows = await measure([plain, asciinema, cloche, watched], ROUNDS)
console.log(table(`${BYTES / 1e6} MB of output`, rows))
const speeds = rows.map(({ medianMs }) => `${(BYTES / 1e3 / medianMs).toFixed(0)} MB/s`)
console.log(`\nin that order ${speeds.join(', ')}`)
console.log(`the viewer had nothing new for at most ${longestGapMs.toFixed(0)} ms`)
const bytesOf = (path: string): string => `${(statSync(path).size / BYTES).toFixed(2)} bytes`
console.log(
  `\na byte of output takes ${bytesOf(castPath)} of asciinema's, ${bytesOf(logPath)} of ours`,
)
await ptyHost.stop()
const alone: Record<string, number> = {}
for (const [what, line] of [
  ['plain lines', `${LINE}\r\n`],
  ['a screen drawn anew', `${LINE}\x1b[3;4H\x1b[K`],
] as const) {
  const size = Math.min(BYTES, 300_000_000)
  const ms = await recordAlone(root, line, size, SIZE)
  rmSync(join(root, 'alone.log'))
  alone[what] = size / 1000 / ms
  console.log(`log and screen alone, ${what}: ${alone[what].toFixed(0)} MB/s`)
}

const hourBytes = isQuick ? 100_000_000 : 500_000_000
const ofKeyframes = await writeLongRecording(root, hourBytes)
const workspace = join(root, 'home', 'project')
mkdirSync(workspace, { recursive: true })
const { connection, stop } = await startCloche({ entries, root, path: `${peers}:/usr/bin:/bin` })
const long = await measureLongRecording(connection, root, ofKeyframes)
printLongRecording(long)
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
await stop()
const timeline = await measureTimeline()
process.send?.([...rows, { longestGapMs, alone }, long, sizes, timeline])
rmSync(root, { recursive: true, force: true })
process.exit(0)
