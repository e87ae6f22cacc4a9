import { mkdir, realpath } from 'node:fs/promises'
import { availableParallelism, totalmem, userInfo } from 'node:os'
import { join } from 'node:path'
import type { EffectivePolicy } from '../../../shared/domain/effective-policy.ts'
import type { StartFailure } from '../../../shared/domain/session.ts'
import { err, ok, type Result } from '../../../shared/result.ts'
import { type Mount, type Plan, type PlanInput, planSandbox } from '../../core/isolation/plan.ts'
import type { SandboxBackend, SandboxBuild } from '../../core/ports.ts'
import { generatedFiles, sandboxEnv } from '../bubblewrap-args.ts'
import { policySentences } from '../effective-policy.ts'
import type { FilePolicy } from '../files/entries.ts'
import { hiddenPaths, visibleFolders } from '../files/on-machine.ts'
import type { Placeholders } from '../files/placeholders.ts'
import { readFilePolicy } from '../files/policy.ts'
import { orRefused } from '../files/refused.ts'
import { type MachineLayout, readLayout } from '../layout.ts'
import { placeCanaries } from '../probe-canaries.ts'
import { protectedFolder } from '../probe-run.ts'
import { probeWords } from '../probe-words.ts'
import { makeRunFolder, type RunFolder } from '../run-folder.ts'
import type { SandboxHelpers } from '../take-network.ts'
import { NOT_RUN } from '../seatbelt/backend.ts'
import { refuseWritable } from '../writable-helpers.ts'
import { KVM_DEVICE } from './acceleration.ts'
import { diagnoseVm, processorWords } from './diagnose-vm.ts'
import { openConsole, openGuestChannel, openLine } from './guest-channel.ts'
import type { Ground, GroundShares } from './ground.ts'
import { guestPlan } from './guest-plan.ts'
import type { ImageRoot, ImageRoots } from './image-roots.ts'
import { limitsAround, withLimits } from './machine-limits.ts'
import { createVmParts, type Lack, type VmOptions, type VmParts } from './parts.ts'
import type { Acceleration } from './processors.ts'
import { type Places, qemuArgs } from './qemu-args.ts'
import { type MachineLines, startMachine } from './vm-start.ts'

export interface VmBackendOptions extends VmOptions {
  readonly helpers: SandboxHelpers
  /** Built `machine-terminal` entry. */
  readonly terminalScript: string
  readonly placeholders: Placeholders
  readonly imageRoots: ImageRoots
  readonly ground: Ground
}

/**
 * A machine of its own for each session: QEMU inside the OS sandbox (`around`), which is made from the
 * same plan. So a machine is given nothing that the sandbox does not have, whatever becomes of its
 * kernel or of QEMU, and its only way out is the sandbox's gateway. See docs/adr/0023-machines.md.
 */
export function createVmBackend(options: VmBackendOptions, around: SandboxBackend): SandboxBackend {
  const findParts = createVmParts(options)
  const planned = async (
    plan: PlanInput,
    findRoot: ImageRoots['find'] | null,
  ): Promise<Result<PlannedMachine, StartFailure>> => {
    const parts = await findParts()
    if (!parts.ok) return lacks(parts.error)
    const { image } = plan
    const refusal = options.ground.refusal(plan)
    if (refusal) return err({ type: 'boundary_failed', part: 'the virtual machine', ...refusal })
    const { lacksForImages, kernelVersion } = parts.value
    if (image !== null && lacksForImages !== null)
      return err({
        type: 'boundary_failed',
        part: `the image ${image}`,
        detail: `the kernel ${kernelVersion} lacks ${lacksForImages}, so no image can be its system`,
        remedy: 'Install your distribution’s ordinary kernel, or use this computer’s system.',
      })
    const root = image === null || !findRoot ? null : await findRoot(plan, image)
    if (root && !root.ok) return root
    const found = root && root.value
    return planMachine(plan, parts.value, options, found).then(ok, (cause: unknown) => {
      found?.disk.letGo()
      throw cause
    })
  }
  return {
    level: 'vm',
    diagnose: async () => diagnoseVm(options, await findParts(), await around.diagnose()),
    describe: (plan) =>
      orRefused(async () => {
        // What is in an image is looked at when it is started.
        const machine = await planned(confined(plan), null)
        if (!machine.ok) return machine
        const outer = await around.describe(machine.value.around(NOTHING_MADE))
        return outer.ok ? ok(policyOf(machine.value, outer.value)) : outer
      }),
    build: (plan, sessionId, observe) =>
      orRefused(async () => {
        const refusal = await refuseWritable(confined(plan), [
          ...[
            options.vmFolder,
            options.runnerProgram,
            options.terminalScript,
            options.probeProgram,
          ],
          ...Object.values(options.guestPrograms),
        ])
        if (refusal) return refusal
        const found = await planned(confined(plan), options.imageRoots.find)
        if (!found.ok) return found
        const machine = found.value
        const folder = await makeRunFolder(machine.visible).catch((cause: unknown) => {
          machine.letGo()
          throw cause
        })
        let outer: Result<SandboxBuild, StartFailure> | null = null
        try {
          // A profile knows paths only as they really are.
          const at = await realpath(folder.path)
          await mkdir(join(at, 'lines'), { mode: 0o700 })
          // To this machine's kernel every change of a file is QEMU's: who made it is told from inside.
          const hidden = hiddenPaths(machine.plan, machine.files)
          const observer = (await observe?.(hidden, 'guest')) ?? null
          outer = await around.build(machine.around({ folder: at, observer }), sessionId)
          if (outer.ok)
            return ok(await prepare(machine, outer.value, { folder, observer }, options))
          await folder.remove()
          machine.letGo()
          return outer
        } catch (cause) {
          if (outer?.ok) await outer.value.abandon()
          await folder.remove()
          machine.letGo()
          throw cause
        }
      }),
  }
}

function confined(plan: Plan): PlanInput {
  if (plan.level !== 'vm') throw new Error(`a plan for ${plan.level} reached the virtual machines`)
  return plan
}

const lacks = ({ part, why }: Lack): Result<never, StartFailure> =>
  err({
    type: 'boundary_failed',
    part: 'the virtual machine',
    detail: why,
    remedy: `Open Doctor: it says how to get ${part} here.`,
  })

const GIB = 2 ** 30
/**
 * A machine's memory, which a limit can only make less. What is not used is not taken of this machine,
 * but an emulated processor prepares every page of it before anything runs.
 */
const mostMemory = (by: Acceleration): number =>
  Math.min(by === 'tcg' ? 4 * GIB : Infinity, Math.floor(totalmem() / 2))

/** What is made for one start. */
interface Made<Folder> {
  /** Holds the lines. */
  readonly folder: Folder
  /** Where who changes files is told; null: nobody listens. */
  readonly observer: string | null
}

/** Its descriptor there: see native/vm-host.h. */
const PROBE_IN_MACHINE = 7

/** Stands for it in the words of a preview. */
const NOTHING_MADE: Made<string> = {
  folder: '(run folder)',
  observer: '(run folder)/observer',
}

interface PlannedMachine {
  /** As it is really started. */
  readonly plan: PlanInput
  /** What becomes of the probe. */
  readonly argv: readonly string[]
  readonly parts: VmParts
  readonly layout: MachineLayout
  readonly files: FilePolicy
  /** `folder` holds what is this start's alone. */
  readonly sharesIn: (folder: string) => GroundShares
  readonly env: Readonly<Record<string, string>>
  /** The machine's own shell. */
  readonly shell: string
  readonly memoryBytes: number
  readonly visible: readonly string[]
  /** Of what it has as long as it runs; further calls do nothing. */
  readonly letGo: () => void
  /** The plan of the sandbox around it. */
  around(made: Made<string>): Plan
}

async function planMachine(
  asked: PlanInput,
  parts: VmParts,
  options: VmBackendOptions,
  root: ImageRoot | null,
): Promise<PlannedMachine> {
  const plan = root?.plan ?? asked
  const [layout, files] = await Promise.all([
    readLayout(),
    readFilePolicy(plan, options.placeholders.isHeld),
  ])
  const { limits } = plan
  const processors = Math.max(
    1,
    Math.min(availableParallelism(), Math.ceil((limits.cpuPercent ?? Infinity) / 100)),
  )
  const acceleration = parts.acceleration.by
  const { ground } = options
  const memoryBytes = Math.min(limits.memoryBytes ?? Infinity, mostMemory(acceleration))
  const ours = ({ folder, observer }: Made<string>): Places => ({
    runner: options.runnerProgram,
    ...parts.system,
    lines: join(folder, 'lines'),
    observer: observer ?? '',
    disk: root?.disk.path ?? '',
  })
  const sharesIn = (folder: string) =>
    ground.shares({ plan, layout, entries: files.entries, folder })
  return {
    ...{ plan, parts, layout, files, memoryBytes, sharesIn },
    argv: root?.argv ?? plan.argv,
    env: envOf(plan, layout, root),
    shell: root?.shell ?? layout.shell,
    visible: visibleFolders(plan, layout, files),
    letGo: () => root?.disk.letGo(),
    around: (made) => {
      const sources = ours(made)
      const places = ground.places(sources)
      const { shares, mounts } = sharesIn(made.folder)
      const isObserved = made.observer !== null
      const machine = {
        ...{ ...parts.computer, qemu: parts.qemu, acceleration, places },
        ...{ processors, memoryBytes, shares, hasDisk: plan.image !== null, isObserved },
        servesDirect: ground.hasNetwork,
      }
      const ofOurs = (place: keyof Places): Mount => ({
        ...{ source: sources[place], target: places[place], access: 'read' },
      })
      return planSandbox({
        ...plan,
        level: 'os',
        argv: [places.runner, ground.runnerWord, '--', ...qemuArgs(machine)],
        mounts: [
          ...plan.mounts,
          ...mounts,
          ...[ofOurs('runner'), ofOurs('kernel'), ofOurs('initramfs'), ofOurs('lines')],
          ...(isObserved ? [ofOurs('observer')] : []),
          ...(root ? [ofOurs('disk')] : []),
        ],
        sockets: [places.lines],
        devices: acceleration === 'kvm' ? [KVM_DEVICE] : [],
        // The machine is told over its own line; nothing of it is QEMU's.
        ...{ env: {}, granted: [], path: [] },
        limits: limitsAround(limits, memoryBytes),
      })
    },
  }
}

/** An image's own variables come first, and its programs last. */
function envOf(
  plan: PlanInput,
  layout: MachineLayout,
  root: ImageRoot | null,
): Readonly<Record<string, string>> {
  const env = sandboxEnv(plan, root?.shell ?? layout.shell, process.env.LANG ?? 'C.UTF-8')
  return root ? { ...root.env, ...env, PATH: [...plan.path, root.path].join(':') } : env
}

function policyOf(
  { plan, layout, files, parts, memoryBytes }: PlannedMachine,
  around: EffectivePolicy,
): EffectivePolicy {
  const own = `run on a kernel of its own (${parts.kernelVersion}) in a virtual machine with ${Math.round(memoryBytes / 2 ** 20)} MiB; its processor is ${processorWords(parts)}${parts.computer.system === 'darwin' ? `. ${NOT_RUN}` : ''}`
  return {
    sentences: [
      ...policySentences(plan, plan.image === null ? layout : { image: plan.image }, files),
      { axis: 'processes', kind: 'can', origin: 'boundary', text: own },
    ],
    command: around.command,
  }
}

async function prepare(
  machine: PlannedMachine,
  outer: SandboxBuild,
  { folder, observer }: Made<RunFolder>,
  { helpers, ground, terminalScript }: VmBackendOptions,
): Promise<SandboxBuild> {
  const { plan, layout, env, parts } = machine
  const { shares, files } = machine.sharesIn(await realpath(folder.path))
  const { uid, gid } = userInfo()
  const at = join(folder.path, 'lines')
  const line = (name: string) => openLine(join(at, name))
  const [control, events, owners, qmp, console] = await Promise.all([
    openGuestChannel(join(at, 'control')),
    ...([line('events'), line('owners'), line('qmp')] as const),
    openConsole(join(at, 'console')),
  ])
  const lines: MachineLines = { control, events, owners, qmp, console }
  const canaries = await placeCanaries(folder.path)
  const folderInside = protectedFolder({ entries: machine.files.entries })
  // An image's libraries are others than those it was built with.
  const hasProbe = parts.hasProbe && plan.image === null
  const probe = probeWords(hasProbe ? PROBE_IN_MACHINE : null, [...canaries.args, folderInside])
  let isOver = false
  const close = async (): Promise<void> => {
    isOver = true
    for (const line of Object.values(lines)) line.close()
    await canaries.close()
    await folder.remove()
    machine.letGo()
  }
  return {
    policy: policyOf(machine, outer.policy),
    launch: outer.launch,
    join: async (pid, exited) => {
      const started = await startMachine(
        {
          ...{ plan, lines, canaries, exited, helpers, ground },
          guestWords: guestPlan(plan, {
            uid,
            gid,
            shares,
            layout,
            env,
            files:
              plan.image === null ? {} : { ...generatedFiles(plan, uid, gid), ...(await files()) },
            isObserved: observer !== null,
            hasProbe,
            argv: [...probe, ...machine.argv],
          }),
          variables: Object.keys(env),
          entries: machine.files.entries,
          visible: machine.visible,
          protectedFolder: folderInside,
          entry: {
            ...{ terminalScript, helpers, ownShell: layout.shell, shell: machine.shell },
            visible: machine.visible,
          },
          acceleration: parts.acceleration.by,
          around: outer,
          ended: close,
        },
        pid,
      )
      return started.ok ? ok(withLimits(started.value, plan.limits, machine.memoryBytes)) : started
    },
    abandon: async () => {
      // A machine that did not start took the sandbox around it along.
      if (isOver) return
      await outer.abandon()
      await close()
    },
  }
}
