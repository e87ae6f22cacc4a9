// A virtual machine beside the OS sandbox it runs in: how long until the first instruction, and how
// fast files of the workspace are, which it has over 9p: beside this computer's own, and a machine that has
// them as virtme-ng's do. Started by scripts/bench.mjs; arguments: folder
// of the built entries, folder of the peers' programs, rounds.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runInCloche, startCloche } from './cloche-session.ts'
import { type Contender, firstInstructionBy, measure, table } from './rounds.ts'
import { createVirtme } from './virtme.ts'

const [entries = '', , roundsText = '10'] = process.argv.slice(2)
const root = mkdtempSync('/var/tmp/cloche-bench-')
const workspace = join(root, 'home', 'project')
mkdirSync(workspace, { recursive: true })

const LEVELS = [
  ['os', 'OS sandbox'],
  ['vm', 'virtual machine'],
] as const

const { connection, stop } = await startCloche({ entries, root, path: process.env.PATH ?? '' })
const doctor = await connection.api.system.doctor(null)
const processor = doctor
  .find(({ level }) => level === 'vm')
  ?.facts.find(({ name }) => name === 'Processor')
console.log(`Processor of the machine: ${processor?.value ?? 'unknown'}`)

/** Nanoseconds between the marks of a script, which runs once for all of them. */
const WORK = {
  'write 64 MiB': 'dd if=/dev/zero of=big bs=1M count=64 conv=fsync 2>/dev/null',
  'read 64 MiB': 'cat big >/dev/null',
  'make 500 files': 'mkdir many; i=0; while [ $i -lt 500 ]; do : >many/$i; i=$((i+1)); done',
  'look at 500 files': 'ls -l many >/dev/null',
  'remove 500 files': 'rm -r many',
} as const
const SCRIPT = [
  'date +%s%N >marks',
  ...Object.values(WORK).map((step) => `${step}; date +%s%N >>marks`),
].join('; ')

writeFileSync(join(workspace, 'script'), SCRIPT)
const RUN = ['/bin/sh', 'script']
const inVirtme = await createVirtme({ entries, root, workspace, sources: join(entries, '../..') })
const WORKERS: Readonly<Record<string, () => Promise<void> | void>> = {
  'this computer': () => void execFileSync('/bin/sh', ['script'], { cwd: workspace }),
  ...Object.fromEntries(
    LEVELS.map(([level, name]) => [name, () => runInCloche(connection, { workspace, level }, RUN)]),
  ),
  'as virtme-ng': inVirtme,
}

const taken = new Map<string, number[]>()
const work = async (name: string): Promise<void> => {
  rmSync(join(workspace, 'marks'), { force: true })
  await WORKERS[name]?.()
  const marks = readFileSync(join(workspace, 'marks'), 'utf8').trim().split('\n').map(Number)
  for (const [i, step] of Object.keys(WORK).entries())
    taken.set(`${name} ${step}`, [
      ...(taken.get(`${name} ${step}`) ?? []),
      ((marks[i + 1] ?? Number.NaN) - (marks[i] ?? Number.NaN)) / 1e6,
    ])
}

const rounds = Math.min(Number(roundsText), 6)
const starts = await measure(
  LEVELS.map(([level, name]) =>
    firstInstructionBy(workspace, name, (command) =>
      runInCloche(connection, { workspace, level }, command),
    ),
  ),
  rounds,
)
console.log(table('First instruction', starts))

for (let round = 0; round <= rounds; round++)
  for (const name of Object.keys(WORKERS)) await work(name)
const results = [starts]
for (const step of Object.keys(WORK)) {
  // Of the rounds above; the first of each warmed caches, as everywhere.
  const contenders = Object.keys(WORKERS).map((name): Contender => {
    const samples = [...(taken.get(`${name} ${step}`) ?? [])]
    return { name, run: () => Promise.resolve(samples.shift() ?? Number.NaN) }
  })
  const rows = await measure(contenders, rounds)
  console.log(table(step, rows))
  results.push(rows)
}
process.send?.(results)
await stop()
rmSync(root, { recursive: true, force: true })
process.exit(0)
