import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run, which } from './run.mjs'
import { say } from './say.mjs'
import { digest, isDone, once } from './stamp.mjs'

const SOURCE = 'native/process-events.c'
const PROGRAM = 'out/native/process-events'
const FLAGS = ['-std=c11', '-O2', '-Wall', '-Wextra', '-fstack-protector-strong', '-pie', '-fPIE']

const compiler = () => ['cc', 'gcc', 'clang'].map((name) => which(name)).find(Boolean) ?? null

/** Stamp file and value: also of a compiler that was missing, so that it is said once. */
const compiled = (root) => [
  join(root, 'out/native/.cloche-native'),
  `${digest(root, [SOURCE])} ${compiler() ?? 'no compiler'}`,
]

/** Nothing is left to do: it was built, or it was tried with this source and this compiler. */
export const isNativeDone = (root) => process.platform !== 'linux' || isDone(...compiled(root))

export const hasNative = (root) => existsSync(join(root, PROGRAM))

/**
 * The reader of the kernel's process events. Only a convenience of this machine: without a compiler,
 * or when it fails, the app starts and samples the processes instead, and says so.
 */
export async function buildNative(root) {
  if (isNativeDone(root)) return
  await once(...compiled(root), async () => {
    const program = join(root, PROGRAM)
    const cc = compiler()
    rmSync(program, { force: true })
    mkdirSync(dirname(program), { recursive: true })
    if (cc && (await run(cc, [...FLAGS, join(root, SOURCE), '-o', program])) === 0) return
    say(
      `${cc ? 'the reader of process events could not be compiled' : 'there is no C compiler'}: ` +
        'processes are sampled five times a second instead, and the app says so.',
    )
  })
}
