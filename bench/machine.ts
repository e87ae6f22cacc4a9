// A virtual machine beside the OS sandbox it runs in: how long until the first instruction, and how
// fast files of the workspace are, which it has over 9p. Started by scripts/bench.mjs; arguments: folder
// of the built entries, folder of the peers' programs, rounds.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runInCloche, startCloche } from './cloche-session.ts'
import { type Contender, firstInstructionBy, measure, table } from './rounds.ts'

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

const taken = new Map<string, number[]>()
const work = async (level: (typeof LEVELS)[number][0]): Promise<void> => {
  await runInCloche(connection, { workspace, level }, ['/bin/sh', '-c', SCRIPT])
  const marks = readFileSync(join(workspace, 'marks'), 'utf8').trim().split('\n').map(Number)
  for (const [i, step] of Object.keys(WORK).entries())
    taken.set(`${level} ${step}`, [
      ...(taken.get(`${level} ${step}`) ?? []),
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

for (let round = 0; round <= rounds; round++) for (const [level] of LEVELS) await work(level)
const results = [starts]
for (const step of Object.keys(WORK)) {
  // Of the rounds above; the first of each warmed caches, as everywhere.
  const contenders = LEVELS.map(([level, name]): Contender => {
    const samples = [...(taken.get(`${level} ${step}`) ?? [])]
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
