import { join } from 'node:path'
import { release } from 'node:os'
import type { IsolationLevel } from '../shared/domain/isolation.ts'
import type { Diagnosis } from '../shared/domain/sandbox.ts'
import { readHomes } from './backends/limits/cgroup-homes.ts'
import { diagnoseLimits } from './backends/limits/diagnose.ts'
import { run } from './backends/spawn.ts'
import type { SandboxBackend } from './core/ports.ts'
import { diagnoseFileWatch, readFileWatchFacts } from './filewatch/diagnose.ts'
import { diagnoseWatching } from './procwatch/diagnose.ts'
import { diagnoseTerminals, readTerminalFacts } from './pty/diagnose.ts'

export interface DoctorOptions {
  readonly backends: ReadonlyMap<IsolationLevel, SandboxBackend>
  /** Folder of the small programs that were built at the start. */
  readonly native: string
  /** Why processes are not told of one by one; null: they are. */
  readonly whyNotExact: () => Promise<string | null>
}

/** Every part this machine has or lacks, probed anew. */
export async function runDoctor(options: DoctorOptions): Promise<Diagnosis[]> {
  const { backends, native, whyNotExact } = options
  const programs = ['file-changes', 'observed-start'].map((name) => join(native, name))
  const bound = [...backends.values()].filter((backend) => backend.level !== 'unconfined')
  return Promise.all([
    ...bound.map((backend) => backend.diagnose()),
    diagnoseRuntime(),
    readTerminalFacts().then(diagnoseTerminals),
    readHomes().then((homes) => diagnoseLimits(homes, process.platform)),
    whyNotExact().then(diagnoseWatching),
    readFileWatchFacts(programs).then(diagnoseFileWatch),
  ])
}

async function diagnoseRuntime(): Promise<Diagnosis> {
  const git = await run('git', ['--version'], { timeoutMs: 5000 })
  return {
    ...{ id: 'runtime', title: 'Runtime', level: null, status: 'usable' },
    summary: 'What Cloche itself runs on.',
    facts: [
      { name: 'Kernel', value: `${process.platform} ${release()}` },
      { name: 'Node', value: process.versions.node },
      { name: 'Electron', value: process.versions.electron ?? 'not in use here' },
      { name: 'git', value: git.stdout.trim() || 'not installed' },
    ],
    remedies: [],
  }
}
