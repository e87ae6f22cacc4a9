import { AXES, type AxisReport } from '../../shared/domain/isolation.ts'
import { ok } from '../../shared/result.ts'
import type { SandboxBackend } from '../core/ports.ts'
import { childrenOf, startTicks } from './kernel-facts.ts'

const OPEN: Readonly<Record<AxisReport['axis'], string>> = {
  files: 'Everything you can read and write',
  network: 'Everything this machine can reach',
  processes: 'Every process of yours',
  credentials: 'Your environment, keys and sign-ins',
}

/** No boundary at all. Reached only through a plan that took a person's acknowledgement. */
export function createUnconfinedBackend(
  env: Readonly<Record<string, string | undefined>>,
): SandboxBackend {
  return {
    level: 'unconfined',
    diagnose: () =>
      Promise.resolve({
        id: 'unconfined',
        title: 'Unconfined',
        level: 'unconfined',
        status: 'usable',
        summary: 'No boundary: the program runs as you, with everything you can reach.',
        facts: [],
        remedies: [],
      }),
    build: (plan) => {
      if (plan.level !== 'unconfined') throw new Error(`a plan for ${plan.level} came unconfined`)
      const inherited = Object.fromEntries(
        Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
      )
      const [file = '', ...args] = plan.argv
      return Promise.resolve(
        ok({
          launch: {
            file,
            args,
            env: { ...inherited, TERM: 'xterm-256color', COLORTERM: 'truecolor', ...plan.env },
            cwd: plan.workspace,
          },
          abandon: () => Promise.resolve(),
          join: async (pid: number) => {
            const ticks = await startTicks(pid)
            return ok({
              rootPid: pid,
              listener: null,
              axes: AXES.map((axis) => ({
                axis,
                requested: 'open' as const,
                proven: 'open' as const,
                breadth: 'wide' as const,
                detail: OPEN[axis],
                evidence: [],
                provenAtMs: null,
              })),
              release: () => Promise.resolve(),
              terminate: async () => {
                if ((await startTicks(pid)) === ticks) process.kill(pid, 'SIGTERM')
              },
              destroy: () => killTree(pid, ticks),
            })
          },
        }),
      )
    },
  }
}

/** Children first are found, then all are ended; what left the tree by itself is not found. */
async function killTree(pid: number, ticks: number | null): Promise<void> {
  if (ticks === null || (await startTicks(pid)) !== ticks) return
  const tree = [pid]
  for (const member of tree) tree.push(...(await childrenOf(member)))
  for (const member of tree.reverse()) {
    try {
      process.kill(member, 'SIGKILL')
    } catch {
      // It ended in the meantime.
    }
  }
}
