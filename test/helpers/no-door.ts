/**
 * How a program ends that enters the kernel as one of 32 bits does (`int 0x80`) where the machine has no such
 * door: some that are virtual themselves have none, so nothing can be shown on them, in CI either. A virtual
 * machine with an emulated processor has one: the suites run there as well, and what is closed is shown there.
 */
export const NO_DOOR = 'signal 11'
export const WHY_NO_DOOR = 'this machine has no way into the kernel for programs of 32 bits'
