import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run, which } from './run.mjs'
import { say } from './say.mjs'
import { digest, isDone, once } from './stamp.mjs'

/** Programs, and what the app does without one. */
const PROGRAMS = {
  'process-events': 'processes are sampled five times a second instead',
  'sandbox-network': 'programs that know nothing of proxies have no way out',
  'container-init': 'sessions in containers cannot be started',
  'channel-relay': 'sessions in containers cannot be started',
  'file-changes': 'changes of files are not recorded',
  'mount-keeper': 'a protected file that is replaced from outside is open until the session ends',
  'observed-start': 'sessions in the OS sandbox cannot be started',
  'sandbox-enter': 'a further terminal cannot be opened in the OS sandbox',
  'vm-init': 'sessions in virtual machines cannot be started',
  'vm-runner': 'sessions in virtual machines cannot be started',
  probe: 'a session in the OS sandbox or in a virtual machine takes longer to start',
  starter: 'a session takes longer to start, and the host answers late meanwhile',
  'guest-observer': 'sessions in virtual machines cannot be started',
  'socket-owners': 'who opened a connection takes longer to find, and is unknown when it is gone',
}
/** What runs on macOS itself; for the inside of its machines an engine makes the others. */
const ON_MACOS = ['vm-runner']
const ours = () => {
  if (process.platform === 'darwin') return ON_MACOS
  return process.platform === 'linux' ? Object.keys(PROGRAMS) : []
}
const sourceOf = (name) => `native/${name}.c`
const programOf = (root, name) => join(root, 'out/native', name)
const FLAGS = ['-std=c11', '-O2', '-Wall', '-Wextra', '-fstack-protector-strong']
const LINKED = ['-pie', '-fPIE']
/** These run where there may be no libraries; not every machine can make them so. */
const ALONE = [
  ...['container-init', 'sandbox-network', 'socket-owners'],
  ...['vm-init', 'vm-runner', 'process-events', 'guest-observer'],
]
const linksOf = (name) => (ALONE.includes(name) ? [['-static'], LINKED] : [LINKED])

const compiler = () => ['cc', 'gcc', 'clang'].map((name) => which(name)).find(Boolean) ?? null

const sources = (root) =>
  readdirSync(join(root, 'native'))
    .sort()
    .map((name) => `native/${name}`)

/** Stamp file and value: also of a compiler that was missing, so that it is said once. */
const compiled = (root) => [
  join(root, 'out/native/.cloche-native'),
  `${digest(root, sources(root))} ${compiler() ?? 'no compiler'}`,
]

/** Nothing is left to do: it was built, or it was tried with this source and this compiler. */
export const isNativeDone = (root) => ours().length === 0 || isDone(...compiled(root))

export const hasNative = (root) => ours().every((name) => existsSync(programOf(root, name)))

async function compile(cc, name, source, program) {
  for (const link of linksOf(name))
    if ((await run(cc, [...FLAGS, ...link, source, '-o', program])) === 0) return true
  return false
}

/**
 * Only a convenience of this machine: without a compiler, or when it fails, the app starts without
 * these and says what that means.
 */
export async function buildNative(root) {
  if (isNativeDone(root)) return
  await once(...compiled(root), async () => {
    const cc = compiler()
    for (const name of ours()) {
      const program = programOf(root, name)
      rmSync(program, { force: true })
      mkdirSync(dirname(program), { recursive: true })
      if (cc && (await compile(cc, name, join(root, sourceOf(name)), program))) continue
      say(
        `${cc ? `native/${name}.c could not be compiled` : 'there is no C compiler'}: ` +
          `${PROGRAMS[name]}, and the app says so.`,
      )
    }
  })
}
