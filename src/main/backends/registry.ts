import type { IsolationLevel } from '../../shared/domain/isolation.ts'
import type { SandboxBackend } from '../core/ports.ts'
import { createBubblewrapBackend, type BubblewrapOptions } from './bubblewrap.ts'
import { type ContainerOptions, createContainerBackend } from './containers/container.ts'
import { createSeatbeltBackend } from './seatbelt/backend.ts'
import { createUnconfinedBackend } from './unconfined.ts'
import { MOUNTS_AROUND, PROFILE_AROUND } from './vm/ground.ts'
import { createVmBackend, type VmBackendOptions } from './vm/vm.ts'

export interface BackendsOptions
  extends BubblewrapOptions,
    ContainerOptions,
    Omit<VmBackendOptions, 'helpers' | 'ground'> {
  readonly env: Readonly<Record<string, string | undefined>>
}

export function createBackends(
  options: BackendsOptions,
): ReadonlyMap<IsolationLevel, SandboxBackend> {
  const isMac = process.platform === 'darwin'
  const sandbox = isMac ? createSeatbeltBackend(options) : createBubblewrapBackend(options)
  const ground = isMac ? PROFILE_AROUND : MOUNTS_AROUND
  const backends = [
    sandbox,
    createContainerBackend(options),
    createVmBackend({ ...options, helpers: options, ground }, sandbox),
    createUnconfinedBackend(options.env),
  ]
  return new Map(backends.map((backend) => [backend.level, backend]))
}
