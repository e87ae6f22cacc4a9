// How long until the first instruction inside, and what files cost there: Cloche, bubblewrap (bare, and with
// Cloche's arguments), srt and Codex side by side. Started by scripts/bench.mjs; arguments: folder of the built entries,
// folder of the peers' programs, rounds.
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Connection } from '../src/shared/rpc/client.ts'
import { quote, runInCloche, startCloche } from './cloche-session.ts'
import { ownArguments } from './own-arguments.ts'
import { type Contender, firstInstructionBy, measure, type Measured, table } from './rounds.ts'

const [entries = '', peers = '', roundsText = '10'] = process.argv.slice(2)
const rounds = Number(roundsText)

/** Below no folder that Codex takes for temporary. */
const root = mkdtempSync('/var/tmp/cloche-bench-')
const home = join(root, 'home')
const workspace = join(home, 'project')
mkdirSync(join(home, '.codex'), { recursive: true })
mkdirSync(workspace)
const node = join(process.execPath, '..')
const path = `${peers}:${node}:/usr/bin:/bin`

const stamp = join(workspace, 'stamp')

function runPeer(file: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(
      file,
      [...args],
      { cwd: workspace, env: { PATH: path, HOME: home, CODEX_HOME: join(home, '.codex') } },
      (error, stdout, stderr) =>
        error ? reject(new Error(`${file}: ${stderr || stdout || error.message}`)) : resolve(),
    )
  })
}

const srtSettings = join(root, 'srt.json')
writeFileSync(
  srtSettings,
  JSON.stringify({
    network: { allowedDomains: [], deniedDomains: [] },
    filesystem: { denyRead: [], allowWrite: ['.'], denyWrite: [] },
  }),
)
/** How each of them is asked to run a command that may write into the workspace. */
const PEERS: readonly (readonly [string, (command: readonly string[]) => Promise<void>])[] = [
  [
    'bare bubblewrap',
    (command) =>
      runPeer('/usr/bin/bwrap', [
        ...['--unshare-all', '--die-with-parent', '--ro-bind', '/', '/', '--dev', '/dev'],
        ...['--proc', '/proc', '--bind', workspace, workspace, '--chdir', workspace, ...command],
      ]),
  ],
  ['srt', (command) => runPeer(join(peers, 'srt'), ['-s', srtSettings, '-c', quote(command)])],
  [
    'codex sandbox',
    (command) =>
      runPeer(join(peers, 'codex'), [
        ...['sandbox', '-c', 'sandbox_mode="workspace-write"', '--', ...command],
      ]),
  ],
]

async function firstInstruction(connection: Connection): Promise<Measured[]> {
  const contender = (name: string, run: (command: readonly string[]) => Promise<void>) =>
    firstInstructionBy(workspace, name, run)
  const own = await ownArguments(connection, workspace)
  return measure(
    [
      ...PEERS.slice(0, 1).map(([name, run]) => contender(name, run)),
      firstInstructionBy(own.workspace, 'bubblewrap, our arguments', own.run),
      contender('Cloche, the agent itself', (command) =>
        runInCloche(connection, { workspace, level: 'os' }, command),
      ),
      ...PEERS.slice(1).map(([name, run]) => contender(name, run)),
    ],
    rounds,
  )
}

/** 20,000 small files in a repository, and a package with dependencies that needs no network. */
function makeTree(): void {
  for (let folder = 0; folder < 200; folder++) {
    const where = join(workspace, 'tree', `d${folder}`)
    mkdirSync(where, { recursive: true })
    for (let file = 0; file < 100; file++)
      writeFileSync(join(where, `f${file}.txt`), `line ${folder} ${file}\nneedle-${file}\n`)
  }
  const git = (...args: string[]): Buffer =>
    execFileSync('git', ['-c', 'user.name=b', '-c', 'user.email=b@example.org', ...args], {
      cwd: workspace,
    })
  git('init', '-q')
  git('add', 'tree')
  git('commit', '-qm', 'tree')
  const packages = join(root, 'packages')
  mkdirSync(packages)
  const dependencies: Record<string, string> = {}
  for (let n = 0; n < 20; n++) {
    const source = join(root, `package-${n}`)
    mkdirSync(source)
    writeFileSync(
      join(source, 'package.json'),
      JSON.stringify({ name: `dep-${n}`, version: '1.0.0' }),
    )
    for (let file = 0; file < 50; file++)
      writeFileSync(join(source, `m${file}.js`), `module.exports = ${file}\n`.repeat(20))
    const tarball = execFileSync('npm', ['pack', '--silent', '--pack-destination', packages], {
      cwd: source,
      encoding: 'utf8',
      env: { PATH: path, HOME: home },
    }).trim()
    mkdirSync(join(workspace, 'app', 'packages'), { recursive: true })
    execFileSync('cp', [join(packages, tarball), join(workspace, 'app', 'packages')])
    dependencies[`dep-${n}`] = `file:packages/${tarball}`
  }
  const app = { name: 'app', version: '1.0.0', private: true, dependencies }
  writeFileSync(join(workspace, 'app', 'package.json'), JSON.stringify(app))
  execFileSync('npm', ['install', '--silent', '--offline', '--no-audit', '--no-fund'], {
    cwd: join(workspace, 'app'),
    env: { PATH: path, HOME: home },
  })
}

const WORK: readonly (readonly [title: string, script: string])[] = [
  ['git status over 20,000 files', 'git status --porcelain >/dev/null'],
  ['rg over 20,000 files', 'rg -c needle-7 tree >/dev/null'],
  [
    'npm ci, 20 packages of 50 files',
    `cd app && HOME=/tmp npm_config_cache=/tmp/npm PATH=${node}:$PATH npm ci --silent --offline --no-audit --no-fund >/dev/null`,
  ],
]

/** Measured by the script itself, so that starting the sandbox is not part of it. */
async function files(connection: Connection, script: string): Promise<Measured[]> {
  const timed = [
    '/bin/sh',
    '-c',
    `a=$(date +%s%N); (${script}) || exit 1; b=$(date +%s%N); echo $((b - a)) >stamp`,
  ]
  const contender = (
    name: string,
    run: (command: readonly string[]) => Promise<void>,
  ): Contender => ({
    name,
    run: async () => {
      rmSync(stamp, { force: true })
      await run(timed)
      return Number(readFileSync(stamp, 'utf8')) / 1e6
    },
  })
  return measure(
    [
      contender('no sandbox', ([file = '', ...args]) => runPeer(file, args)),
      contender('Cloche', (command) =>
        runInCloche(connection, { workspace, level: 'os' }, command),
      ),
      ...PEERS.map(([name, run]) => contender(name, run)),
    ],
    Math.max(3, Math.round(rounds / 2)),
  )
}

const results: Record<string, Measured[]> = {}
const cloche = await startCloche({ entries, root, path })
try {
  const record = (title: string, rows: Measured[]): void => {
    results[title] = rows
    console.log(table(title, rows))
  }
  record('from the request to the first instruction', await firstInstruction(cloche.connection))
  makeTree()
  for (const [title, script] of WORK) record(title, await files(cloche.connection, script))
} finally {
  await cloche.stop()
  rmSync(root, { recursive: true, force: true })
}
if (process.send) process.send(results)
process.exit(0)
