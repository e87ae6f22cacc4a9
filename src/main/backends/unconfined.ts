import type { EffectivePolicy } from '../../shared/domain/effective-policy.ts'
import { AXES, type AxisReport } from '../../shared/domain/isolation.ts'
import { LimitName } from '../../shared/domain/limits.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import type { Plan } from '../core/isolation/plan.ts'
import { type SandboxBackend, SESSION_VARIABLE } from '../core/ports.ts'
import type { Entry, LaunchSpec } from '../core/terminal-port.ts'
import { enteredAs } from './entered.ts'
import { exists } from './exists.ts'
import { childrenOf } from './kernel-facts.ts'
import { identify, type ProcessIdentity, signalProcess } from './process-identity.ts'

const OPEN: Readonly<Record<AxisReport['axis'], string>> = {
  files: 'Everything you can read and write',
  network: 'Everything this machine can reach',
  processes: 'Every process of yours',
  credentials: 'Your environment, keys and sign-ins',
}

const OPEN_AXES: readonly AxisReport[] = AXES.map((axis) => ({
  axis,
  requested: 'open',
  proven: 'open',
  breadth: 'wide',
  detail: OPEN[axis],
  evidence: [],
  provenAtMs: null,
}))

const policyOf = ({ argv }: Plan): EffectivePolicy => ({
  sentences: AXES.map((axis) => ({
    axis,
    kind: 'can',
    text: OPEN[axis],
    origin: 'person',
  })),
  command: [...argv],
})

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
    describe: (plan) => Promise.resolve(ok(policyOf(plan))),
    build: async (plan, sessionId, observe) => {
      if (plan.level !== 'unconfined') throw new Error(`a plan for ${plan.level} came unconfined`)
      const inherited = Object.fromEntries(
        Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
      )
      const [file = '', ...args] = plan.argv
      // Nothing stands between it and its files, so nobody sees who changes them.
      await observe?.([], 'here')
      const launch: LaunchSpec = {
        ...{ file, args },
        env: {
          ...inherited,
          TERM: 'xterm-256color',
          COLORTERM: 'truecolor',
          ...plan.env,
          [SESSION_VARIABLE]: sessionId,
        },
        cwd: plan.workspace,
      }
      return ok({
        policy: policyOf(plan),
        launch,
        abandon: () => Promise.resolve(),
        join: async (pid: number) => {
          const root = await identify(pid)
          return ok({
            rootPid: pid,
            kernel: null,
            network: null,
            hold: null,
            axes: OPEN_AXES,
            limits: [],
            watchLimits: () => undefined,
            changeLimits: () => Promise.resolve(err(LimitName.options)),
            probe: () => Promise.resolve(OPEN_AXES),
            hasDrifted: () => Promise.resolve(false),
            keepMounts: null,
            listening: () => Promise.resolve([]),
            forward: () => Promise.resolve(err('its ports are this machine’s own already')),
            release: () => Promise.resolve(),
            enter: (shell) => anotherOf(launch, shell),
            terminate: async () => {
              if (root) await signalProcess(root, 'SIGTERM')
            },
            destroy: async () => {
              if (root) await killTree(root)
            },
          })
        },
      })
    },
  }
}

/** There is nothing to enter: it is one more program of the person's. */
async function anotherOf(
  launch: LaunchSpec,
  wanted: string | null,
): Promise<Result<Entry, string>> {
  const file = wanted !== null && (await exists(wanted)) ? wanted : '/bin/sh'
  return ok({
    launch: { ...launch, file, args: [] },
    join: async (pid) => {
      const root = await identify(pid)
      if (!root) return err('')
      const { signal } = enteredAs(root)
      return ok({
        pid,
        release: () => Promise.resolve(),
        signal: (name) => (name === 'SIGKILL' ? killTree(root) : signal(name)),
      })
    },
    abandon: () => Promise.resolve(),
  })
}

/** The tree is read first, then ended from its leaves; what left it by itself is not found. */
async function killTree(root: ProcessIdentity): Promise<void> {
  const tree = [root]
  for (const member of tree)
    for (const pid of await childrenOf(member.pid)) {
      const child = await identify(pid)
      if (child) tree.push(child)
    }
  for (const member of tree.reverse()) await signalProcess(member, 'SIGKILL')
}
