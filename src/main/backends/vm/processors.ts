/** Of a computer, and so of its virtual machines: only the same kind can run by itself. */
export type Processor = 'x64' | 'arm64'

/** What makes a machine's processor: this computer's own, by Linux or by macOS, or a program. */
export type Acceleration = 'kvm' | 'hvf' | 'tcg'

interface ProcessorKind {
  /** Name of QEMU's program. */
  readonly program: string
  /** In words. */
  readonly words: string
  /** As container engines and Debian call it. */
  readonly engineName: string
  /** QEMU's machine, with nothing on it that is not asked for. */
  readonly machine: string
  /** QEMU's name of a processor that is emulated. */
  readonly emulated: string
  /** As the kernel calls its first serial line. */
  readonly console: string
  /** For the kernel on an emulated one, which guesses nothing ahead. */
  readonly emulatedWords: string
  /** A package with the program for each system. */
  readonly install: { readonly linux: string; readonly darwin: string }
}

export const PROCESSORS: Readonly<Record<Processor, ProcessorKind>> = {
  x64: {
    program: 'qemu-system-x86_64',
    words: 'x86-64',
    engineName: 'amd64',
    machine: 'q35,usb=off,sata=off,smbus=off,vmport=off',
    emulated: 'max',
    console: 'ttyS0',
    // Its clock needs no second opinion.
    emulatedWords: 'mitigations=off tsc=reliable no_timer_check cryptomgr.notests',
    install: {
      linux: 'sudo apt install --no-install-recommends qemu-system-x86',
      darwin: 'brew install qemu',
    },
  },
  arm64: {
    program: 'qemu-system-aarch64',
    words: '64-bit ARM',
    engineName: 'arm64',
    machine: 'virt,usb=off,gic-version=max',
    // Signed pointers as the architecture has them take half of an emulated processor's time.
    emulated: 'max,pauth-impdef=on',
    console: 'ttyAMA0',
    emulatedWords: 'mitigations=off cryptomgr.notests',
    install: {
      linux: 'sudo apt install --no-install-recommends qemu-system-arm',
      darwin: 'brew install qemu',
    },
  },
}

/** null: machines are not made for it. */
export const processorOf = (arch: string): Processor | null =>
  arch === 'x64' || arch === 'arm64' ? arch : null
