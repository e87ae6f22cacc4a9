import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import {
  type GuestKernelFiles,
  guestProgramsIn,
  prepareGuestSystem,
} from '../../../../src/main/backends/vm/guest-system.ts'
import { requireCapability } from '../../../helpers/require-capability.ts'
import { temporaryFolder } from '../../../helpers/recording.ts'

const ELF = Buffer.concat([Buffer.from([0x7f]), Buffer.from('ELF and the kernel itself')])

/** An image as x86 starts with it: a head that says where the packed kernel lies. */
function bootImage(payload: Buffer): Buffer {
  const head = Buffer.alloc(4096)
  const sectors = 3
  head[0x1f1] = sectors
  head.write('HdrS', 0x202)
  head.writeUInt32LE(2000, 0x248)
  head.writeUInt32LE(payload.length, 0x24c)
  const image = Buffer.alloc((sectors + 1) * 512 + 2000 + payload.length)
  head.copy(image, 0, 0, Math.min(head.length, image.length))
  payload.copy(image, (sectors + 1) * 512 + 2000)
  return Buffer.concat([image, Buffer.alloc(Math.max(0, 4096 - image.length))])
}

async function machine(image: Buffer) {
  const folder = await temporaryFolder()
  const at = (name: string): string => join(folder.path, name)
  await mkdir(at('programs'))
  const programs = guestProgramsIn(at('programs'))
  for (const [name, path] of Object.entries(programs)) await writeFile(path, `the program ${name}`)
  await writeFile(at('vmlinuz'), image)
  await writeFile(at('probe'), 'the program that probes')
  await writeFile(at('first.ko'), 'module one')
  await writeFile(at('disk.ko'), 'module of disks')
  await writeFile(at('second-part.ko.gz'), gzipSync('module two'))
  const files: GuestKernelFiles = {
    ...{ version: '0.0-none', config: at('config'), image: at('vmlinuz') },
    modules: [at('first.ko'), at('second-part.ko.gz')],
    diskModules: [at('disk.ko')],
    lacksForImages: null,
  }
  const prepare = () =>
    prepareGuestSystem(
      { kernel: files, programs, probe: at('probe') },
      Buffer.from('filter'),
      at('kept'),
    )
  return { at, prepare, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}

test('the kernel is unpacked before, and modules stand in their order', async () => {
  await using here = await machine(bootImage(gzipSync(ELF)))
  const system = await here.prepare()
  expect(await readFile(system.kernel)).toEqual(ELF)
  const archive = (await readFile(system.initramfs)).toString('latin1')
  expect(archive).toContain('/first.ko\n/second_part.ko\n')
  // Only a root from an image has them loaded.
  expect(archive).toContain('/disk.ko\n')
  expect(archive).not.toContain('/second_part.ko\n/disk.ko')
  for (const content of [
    'module one',
    'module two',
    'module of disks',
    'the program init',
    'the program owners',
    'the program that probes',
  ])
    expect(archive).toContain(content)
})

test.each([
  ['of another form', Buffer.alloc(5000, 'x')],
  ['whose packing is not known', bootImage(Buffer.from('packed by nobody we know'))],
  ['that holds no kernel', bootImage(gzipSync('something else'))],
])('an image %s is used as it is', async (_name, image) => {
  await using here = await machine(image)
  expect(await readFile((await here.prepare()).kernel)).toEqual(image)
})

test('it is made once for these files, and anew for others', async () => {
  await using here = await machine(bootImage(gzipSync(ELF)))
  const first = await here.prepare()
  await writeFile(first.kernel, 'kept')
  expect(await here.prepare()).toEqual(first)
  expect(await readFile(first.kernel, 'utf8')).toBe('kept')
  await writeFile(here.at('first.ko'), 'a newer module')
  const second = await here.prepare()
  expect(second.kernel).not.toBe(first.kernel)
  expect((await readdir(here.at('kept'))).sort()).toEqual(
    [second.initramfs, second.kernel].map((path) => path.split('/').at(-1)).sort(),
  )
})

requireCapability('xz')('modules that another program unpacks do not meet each other', async () => {
  await using here = await machine(bootImage(gzipSync(ELF)))
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  for (const name of names)
    await writeFile(
      here.at(`${name}.ko.xz`),
      execFileSync('xz', ['-c'], { input: `${name} `.repeat(5000) }),
    )
  const programs = guestProgramsIn(here.at('programs'))
  const modules = names.map((name) => here.at(`${name}.ko.xz`))
  const kernel = {
    ...{ version: '0.0-none', config: here.at('config'), image: here.at('vmlinuz'), modules },
    ...{ diskModules: [], lacksForImages: null },
  }
  const { initramfs } = await prepareGuestSystem(
    { kernel, programs, probe: null },
    Buffer.from('filter'),
    here.at('kept'),
  )
  const archive = (await readFile(initramfs)).toString('latin1')
  for (const name of names) expect(archive).toContain(`${name} `.repeat(5000))
  expect(
    (await readdir(here.at('kept'))).filter((name) => !/^(kernel|initramfs)-/.test(name)),
  ).toEqual([])
})
