import type { test } from 'vitest'

/** The wall that the suites of every wall are run for: see vitest.config.ts. */
export const LEVEL = levelOf(process.env.CLOCHE_TEST_LEVEL)

function levelOf(name: string | undefined): 'os' | 'container' | 'vm' {
  return name === 'container' || name === 'vm' ? name : 'os'
}

/** For what only the OS sandbox has; elsewhere it is skipped, and `why` is printed. */
export const onlyInOs = (own: typeof test, why: string): typeof test =>
  LEVEL === 'os' ? own : skipped(own, why)

/** For what a machine has not, or not again; `why` is printed there. */
export const notInVm = (own: typeof test, why: string): typeof test =>
  LEVEL === 'vm' ? skipped(own, why) : own

function skipped(own: typeof test, why: string): typeof test {
  console.log(`skipped at level ${LEVEL}: ${why}`)
  return own.skip as unknown as typeof test
}
