import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { findGuestKernel } from '../../src/main/backends/vm/guest-system.ts'
import { createImageDisks } from '../../src/main/backends/vm/image-disks.ts'
import { createImageRoots } from '../../src/main/backends/vm/image-roots.ts'
import { createMadeParts } from '../../src/main/backends/vm/made-parts.ts'
import type { Computer } from '../../src/main/backends/vm/qemu-args.ts'
import { createImageJobs } from '../../src/main/core/image-jobs.ts'
import { newId } from '../../src/main/core/ids.ts'
import { docker, makeImage } from '../containers/engine-image.ts'
import { failure } from '../helpers/failure.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import {
  machineBackend,
  makePlace,
  type Place,
  startSandbox,
  testEngines,
} from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap', 'machines', 'sqfstar', 'a container engine', 'gcc')
const PROJECT = resolve(import.meta.dirname, '../..')
/** Has what the recipe would install, because an engine of tests has no network. */
const BASE = 'cloche-test-guest-base'
const ROOT = 'cloche-test-guest-root'
/** Everything but its sandbox, its hypervisor and its own server of files. */
const MAC: Computer = { system: 'darwin', processor: 'x64' }
/** A compiler and a kernel are some hundred MB. */
const BASE_MS = 240_000
const TOOLS = ['sh', 'ls', 'sed', 'tr', 'sort', 'mkdir', 'cp', 'head', 'tail', 'gcc', 'as', 'ld']

let place: Place
let folder: string
beforeAll(async () => {
  place = await makePlace()
  folder = await mkdtemp(join(tmpdir(), 'cloche-parts-'))
  makeImage(ROOT, ['bash', 'cat', 'cut', 'id', 'ls', 'sh', 'tr', 'uname'])
  await makeBase()
}, BASE_MS)
afterAll(async () => {
  docker('rmi', '--force', BASE, ROOT)
  await rm(folder, { recursive: true, force: true })
  await place.dispose()
})

/** This machine's compiler and kernel, where a distribution has them. */
async function makeBase(): Promise<void> {
  const ask = (what: string): string => execFileSync('gcc', [what], { encoding: 'utf8' }).trim()
  const [cc1, collect2, libc] = ['cc1', 'collect2', 'libc.a'].map((name) =>
    resolve(ask(`-print-${name.endsWith('.a') ? 'file' : 'prog'}-name=${name}`)),
  )
  const kernel = await findGuestKernel()
  if ('why' in kernel || !cc1 || !collect2 || !libc) throw new Error(JSON.stringify(kernel))
  makeImage(BASE, TOOLS, [cc1, collect2])
  const archive = join(folder, 'base.tar')
  docker('create', '--name', BASE, BASE, 'none')
  docker('export', '--output', archive, BASE)
  docker('rm', BASE)
  const own = ['crt1.o', 'crti.o', 'crtn.o', 'libc.a'].map((name) => resolve(libc, '..', name))
  const modules = resolve('/lib/modules', kernel.version)
  const files = [
    ...['/usr/include', resolve(cc1, '..'), ...own, kernel.image, kernel.config],
    ...[`${modules}/modules.dep`, `${modules}/modules.builtin`],
    ...[...kernel.modules, ...kernel.diskModules],
  ]
  const left = ['c++', 'cc1plus', 'lto1', 'plugin', 'node', 'llvm-*', 'unicode'].map(
    (name) => `--exclude=${name}`,
  )
  const given = files.map((path) => path.slice(1))
  execFileSync('tar', ['-C', '/', ...left, '-rf', archive, ...given])
  // It looks for its parts from where it is itself.
  execFileSync('tar', ['-C', '/', '--dereference', '-rf', archive, 'usr/bin/gcc'])
  docker('rmi', BASE)
  docker('import', '--change', 'ENV PATH=/usr/bin:/own-programs', archive, BASE)
}

test('a machine starts from what a Mac has: parts that an engine made, and an image', async () => {
  const engines = testEngines()
  const client = await engines.client()
  if (!client) throw new Error('no engine')
  const parts = createMadeParts({
    ...{ folder: join(folder, 'parts'), base: BASE, processor: 'x64', env: {} },
    ...{ native: join(PROJECT, 'native'), resources: join(PROJECT, 'resources') },
  })
  expect(await parts.find()).toEqual({ why: 'what machines start with was not made yet' })
  const said: string[] = []
  const told = ({ line }: { readonly line?: string }): void => void said.push(line ?? '')
  await parts.make(client, told, new AbortController().signal).catch((cause: unknown) => {
    throw new Error(said.join('\n'), { cause })
  })
  const made = await parts.find()
  if ('why' in made) throw new Error(made.why)
  expect(said.at(-1)).toBe(`Machines start with the kernel ${made.kernel.version}.`)
  // Nothing of it is left in the engine, and nothing half made here.
  expect(docker('images', '--quiet', 'cloche-guest')).toBe('')
  expect(docker('ps', '--all', '--quiet', '--filter', 'label=dev.cloche.kind=look')).toBe('')
  expect(await readdir(join(folder, 'parts'))).toEqual([expect.stringMatching(/^parts-\w{16}$/)])

  const disks = createImageDisks({ folder: join(folder, 'images') })
  const { signal } = new AbortController()
  const jobs = createImageJobs(
    (request, tell) => disks.make(client, 'name' in request ? request.name : '', tell, signal),
    { wallMs: () => Date.now() },
    newId,
  )
  const backend = machineBackend({
    ...{ vmFolder: join(folder, 'kept'), madeParts: parts, computer: MAC },
    imageRoots: createImageRoots({ engines, disks, jobs, processor: 'x64' }),
  })
  const diagnosis = await backend.diagnose()
  expect(diagnosis.status).toBe('usable')
  expect(diagnosis.facts.find(({ name }) => name === 'Processor')?.value).toMatch(
    /^emulated: a kernel started with HVF did not run: .*hvf/i,
  )
  await writeFile(
    join(place.workspace, 'script'),
    'echo "$(uname -r) $(id -u)"; : >made; ls /usr 2>&1',
  )
  const { sandbox, terminal } = await startSandbox(
    place,
    ['sh', 'script'],
    { image: ROOT },
    backend,
  )
  if (!sandbox.ok) throw failure(sandbox.error, terminal.output())
  expect(sandbox.value.axes.map(({ proven }) => proven)).toEqual(Array(4).fill('enforced'))
  await sandbox.value.release()
  const { exitCode } = await terminal.exited
  await sandbox.value.destroy()
  expect(terminal.output()).toContain(`${made.kernel.version} ${process.getuid?.()}`)
  // The image's alone.
  expect(terminal.output()).toMatch(/No such file/)
  expect(exitCode).toBe(2)
  expect(await readdir(place.workspace)).toContain('made')
})

test('other sources have other parts, and a recipe that fails leaves what was made', async () => {
  const native = join(folder, 'native')
  execFileSync('cp', ['-r', join(PROJECT, 'native'), native])
  await writeFile(join(native, 'vm-init.c'), 'not C')
  const client = await testEngines().client()
  if (!client) throw new Error('no engine')
  const before = await readdir(join(folder, 'parts'))
  const other = createMadeParts({
    ...{ folder: join(folder, 'parts'), base: BASE, processor: 'x64', env: {} },
    ...{ native, resources: join(PROJECT, 'resources') },
  })
  expect(await other.find()).toHaveProperty('why')
  const said: string[] = []
  const told = ({ line }: { readonly line?: string }): void => void said.push(line ?? '')
  const { signal } = new AbortController()
  await expect(other.make(client, told, signal)).rejects.toThrow(/make-machine-parts/)
  expect(said.join('\n')).toMatch(/vm-init\.c:1.*error/)
  expect(await readdir(join(folder, 'parts'))).toEqual(before)
})
