import { access, constants } from 'node:fs/promises'
import { release } from 'node:os'
import type { IsolationLevel } from '../../shared/domain/isolation.ts'
import type { Diagnosis } from '../../shared/domain/sandbox.ts'
import type { SandboxBackend } from '../core/ports.ts'
import { createBubblewrapBackend, type BubblewrapOptions } from './bubblewrap.ts'
import { type ContainerOptions, createContainerBackend } from './containers/container.ts'
import { createSeatbeltBackend } from './seatbelt/backend.ts'
import { run } from './spawn.ts'
import { createUnconfinedBackend } from './unconfined.ts'

export interface BackendsOptions extends BubblewrapOptions, ContainerOptions {
  readonly env: Readonly<Record<string, string | undefined>>
}

export function createBackends(
  options: BackendsOptions,
): ReadonlyMap<IsolationLevel, SandboxBackend> {
  const sandbox =
    process.platform === 'darwin'
      ? createSeatbeltBackend(options)
      : createBubblewrapBackend(options)
  const backends = [sandbox, createContainerBackend(options), createUnconfinedBackend(options.env)]
  return new Map(backends.map((backend) => [backend.level, backend]))
}

/** Every part this machine has or lacks, probed anew. */
export async function diagnoseAll(
  backends: ReadonlyMap<IsolationLevel, SandboxBackend>,
): Promise<Diagnosis[]> {
  const own = [...backends.values()].filter((backend) => backend.level !== 'unconfined')
  return Promise.all([
    ...own.map((backend) => backend.diagnose()),
    diagnoseMachines(),
    diagnoseRuntime(),
  ])
}

async function diagnoseMachines(): Promise<Diagnosis> {
  const kvm = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => 'can be opened',
    (cause: NodeJS.ErrnoException) => (cause.code === 'ENOENT' ? 'absent' : 'refuses this user'),
  )
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  const qemu = await run(`qemu-system-${machine}`, ['--version'], { timeoutMs: 5000 })
  return {
    id: 'vm',
    title: 'Virtual machines (QEMU)',
    level: 'vm',
    status: 'unsupported',
    summary: 'This version of Cloche does not start sessions in virtual machines yet.',
    facts: [
      { name: '/dev/kvm', value: kvm },
      { name: 'QEMU', value: qemu.stdout.split('\n')[0]?.trim() || 'not installed' },
    ],
    remedies: [],
  }
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
