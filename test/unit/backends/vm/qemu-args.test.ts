import { expect, test } from 'vitest'
import {
  type Machine,
  MOUNTED,
  qemuArgs,
  trialArgs,
} from '../../../../src/main/backends/vm/qemu-args.ts'

const MACHINE: Machine = {
  ...{ system: 'linux', processor: 'x64', qemu: '/usr/bin/qemu', acceleration: 'tcg' },
  ...{ processors: 2, memoryBytes: 2 ** 30, shares: [], hasDisk: false, places: MOUNTED },
  ...{ servesDirect: true, isObserved: true },
}
/** Where nothing is mounted, things lie where this computer has them. */
const ON_A_MAC: Machine = {
  ...MACHINE,
  ...{ system: 'darwin', processor: 'arm64', acceleration: 'hvf', hasDisk: true },
  ...{ servesDirect: false, isObserved: false },
  qemu: '/opt/homebrew/bin/qemu-system-aarch64',
  shares: [{ tag: 'share0', path: '/Users/ada/a, b', access: 'write' }],
  places: {
    ...{ runner: '/c/vm-runner', kernel: '/c/kernel', initramfs: '/c/initramfs' },
    ...{ lines: '/private/tmp/c,1/lines', observer: '', disk: '/c/it.squashfs' },
  },
}

test('its disk is read only, in a form that is told', () => {
  const args = qemuArgs({
    ...MACHINE,
    ...{ hasDisk: true },
  })
  const [disk, ...others] = args.filter((_, i) => args[i - 1] === '-blockdev')
  expect(others).toEqual([])
  expect(disk).toBe(
    'driver=raw,node-name=disk,read-only=on,file.driver=file,file.filename=/.cloche/disk,file.read-only=on,file.locking=off',
  )
  expect(args).toContain('virtio-blk-pci,drive=disk')
})

test('the machine has no network device, no disk, and may start nothing', () => {
  const args = qemuArgs({
    ...MACHINE,
    hasDisk: false,
    shares: [
      { tag: 'share0', path: '/a,readonly=off', access: 'read' },
      { tag: 'share1', path: '/b', access: 'write' },
    ],
  })
  const after = (name: string): string[] => args.filter((_, i) => args[i - 1] === name)
  expect(args).toContain('-nodefaults')
  expect(after('-sandbox')[0]).toMatch(/^on,.*elevateprivileges=deny,spawn=deny/)
  expect(args.filter((word) => /^-(net|netdev|nic|drive|hda|cdrom|blockdev)$/.test(word))).toEqual(
    [],
  )
  expect(after('-device').filter((word) => /net|blk|scsi|usb|vhost/.test(word))).toEqual([])
  // A comma in a path is no option of its own.
  expect(after('-fsdev')).toEqual([
    'local,id=share0,path=/a,,readonly=off,security_model=none,multidevs=remap,readonly=on',
    'local,id=share1,path=/b,security_model=none,multidevs=remap',
  ])
})

test.each([
  ['linux-x64-emulated', MACHINE],
  ['linux-x64-kvm', { ...MACHINE, acceleration: 'kvm' }],
  ['linux-arm64-kvm', { ...MACHINE, processor: 'arm64', acceleration: 'kvm' }],
  ['linux-arm64-emulated', { ...MACHINE, processor: 'arm64' }],
  ['mac-arm64-hvf', ON_A_MAC],
  ['mac-arm64-emulated', { ...ON_A_MAC, acceleration: 'tcg' }],
  ['mac-x64-hvf', { ...ON_A_MAC, processor: 'x64' }],
] as const)('as a command: %s', async (name, machine) => {
  await expect(`${lines(qemuArgs(machine))}\n`).toMatchFileSnapshot(`golden/qemu-${name}.txt`)
})

test('a trial starts the kernel on the very machine, without a first program', () => {
  const args = (['linux', 'darwin'] as const).flatMap((system) =>
    (['x64', 'arm64'] as const).map((processor) => {
      const by = system === 'linux' ? 'kvm' : 'hvf'
      return lines(trialArgs({ system, processor }, by, MOUNTED))
    }),
  )
  expect(args.map((text) => /-accel (\w+)\n-cpu (\w+)/.exec(text)?.slice(1))).toEqual([
    ...[
      ['kvm', 'host'],
      ['kvm', 'host'],
      ['hvf', 'host'],
      ['hvf', 'host'],
    ],
  ])
  expect(args.map((text) => /-machine (\w+)/.exec(text)?.[1])).toEqual([
    'q35',
    'virt',
    'q35',
    'virt',
  ])
  for (const text of args) expect(text).toMatch(/console=tty(S0|AMA0) rdinit=\/none$/)
})

/** An option with its value a line. */
const lines = (args: readonly string[]): string => args.join(' ').replaceAll(/ -(?=[a-z])/g, '\n-')
