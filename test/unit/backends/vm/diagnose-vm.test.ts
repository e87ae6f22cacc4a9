import { expect, test } from 'vitest'
import { diagnoseVm } from '../../../../src/main/backends/vm/diagnose-vm.ts'
import { guestProgramsIn } from '../../../../src/main/backends/vm/guest-system.ts'
import type { Lack, VmOptions, VmParts } from '../../../../src/main/backends/vm/parts.ts'
import type { Computer } from '../../../../src/main/backends/vm/qemu-args.ts'
import type { Diagnosis } from '../../../../src/shared/domain/sandbox.ts'
import { err, ok } from '../../../../src/shared/result.ts'

const AROUND: Diagnosis = {
  ...{ id: 'around', title: 'Around', level: 'os', status: 'usable' },
  ...{ summary: '', facts: [], remedies: [] },
}
const MAC: Computer = { system: 'darwin', processor: 'arm64' }
const LINUX: Computer = { system: 'linux', processor: 'arm64' }
const options = (computer: Computer): VmOptions => ({
  ...{
    vmFolder: '/nowhere',
    runnerProgram: '/nowhere',
    guestPrograms: guestProgramsIn('/nowhere'),
    probeProgram: '/nowhere',
  },
  ...{ madeParts: { find: () => Promise.reject(new Error('asked for')) }, qemuPaths: [], computer },
})
const parts = (computer: Computer): VmParts => ({
  ...{ computer, qemu: '/opt/homebrew/bin/qemu-system-aarch64', kernelVersion: '6.1.0' },
  ...{ lacksForImages: null, hasProbe: false, system: { kernel: '/k', initramfs: '/i' } },
  acceleration: { by: computer.system === 'linux' ? 'kvm' : 'hvf', why: null },
})
const lacking = (computer: Computer, part: Lack['part']) =>
  diagnoseVm(options(computer), err({ part, why: 'it is not there' }), AROUND)

test('on a Mac it says that nobody tried it, and that it takes an image', async () => {
  const said = await diagnoseVm(options(MAC), ok(parts(MAC)), AROUND)
  expect(said.status).toBe('usable')
  expect(said.summary).toMatch(/needs an image as its system\. Built, not run: /)
  expect(said.facts).toContainEqual({ name: 'Tried by its makers', value: 'no' })
  expect(said.facts).toContainEqual({ name: 'Processor', value: 'this machine’s own (HVF)' })
  const { summary, facts } = await diagnoseVm(options(LINUX), ok(parts(LINUX)), AROUND)
  expect(summary).not.toMatch(/not run/)
  expect(facts).toContainEqual({ name: 'Processor', value: 'this machine’s own (KVM)' })
})

test('each lack has a next step on each system', async () => {
  expect((await lacking(MAC, 'QEMU')).remedies[0]?.command).toBe('brew install qemu')
  expect((await lacking(LINUX, 'QEMU')).remedies[0]?.command).toMatch(/qemu-system-arm$/)
  expect((await lacking(MAC, 'a kernel')).remedies[0]?.say).toMatch(/on the page of containers/)
  expect((await lacking(LINUX, 'a kernel')).remedies[0]?.command).toMatch(/linux-image-arm64/)
  expect((await lacking(MAC, 'Cloche’s own programs')).remedies[0]?.command).toMatch(/^xcode/)
  expect(await lacking(MAC, 'this computer')).toMatchObject({ status: 'unsupported', remedies: [] })
})
