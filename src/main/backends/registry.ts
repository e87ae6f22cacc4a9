import { release } from 'node:os'
import type { IsolationLevel } from '../../shared/domain/isolation.ts'
import type { Diagnosis } from '../../shared/domain/sandbox.ts'
import type { SandboxBackend } from '../core/ports.ts'
import { createBubblewrapBackend, type BubblewrapOptions } from './bubblewrap.ts'
import { type ContainerOptions, createContainerBackend } from './containers/container.ts'
import { createSeatbeltBackend } from './seatbelt/backend.ts'
import { run } from './spawn.ts'
import { createUnconfinedBackend } from './unconfined.ts'
import { createVmBackend, type VmBackendOptions } from './vm/vm.ts'

export interface BackendsOptions
  extends BubblewrapOptions,
    ContainerOptions,
    Omit<VmBackendOptions, 'helpers'> {
  readonly env: Readonly<Record<string, string | undefined>>
}

export function createBackends(
  options: BackendsOptions,
): ReadonlyMap<IsolationLevel, SandboxBackend> {
  const sandbox =
    process.platform === 'darwin'
      ? createSeatbeltBackend(options)
      : createBubblewrapBackend(options)
  const backends = [
    sandbox,
    createContainerBackend(options),
    createVmBackend({ ...options, helpers: options }, sandbox),
    createUnconfinedBackend(options.env),
  ]
  return new Map(backends.map((backend) => [backend.level, backend]))
}

/** Every part this machine has or lacks, probed anew. */
export async function diagnoseAll(
  backends: ReadonlyMap<IsolationLevel, SandboxBackend>,
): Promise<Diagnosis[]> {
  const own = [...backends.values()].filter((backend) => backend.level !== 'unconfined')
  return Promise.all([...own.map((backend) => backend.diagnose()), diagnoseRuntime()])
}

async function diagnoseRuntime(): Promise<Diagnosis> {
  const git = await run('git', ['--version'], { timeoutMs: 5000 })
  const electron = process.versions.electron
  return {
    id: 'runtime',
    title: 'Runtime',
    level: null,
    status: 'usable',
    summary: 'What Cloche itself runs on.',
    facts: [
      { name: 'Kernel', value: `${process.platform} ${release()}` },
      { name: 'Node', value: process.versions.node },
      ...(electron ? [{ name: 'Electron', value: electron }] : []),
      { name: 'git', value: git.stdout.trim() || 'not installed' },
    ],
    remedies: [],
  }
}
