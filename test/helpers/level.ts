import type { test } from 'vitest'

/** The wall that the suites of every wall are run for: see vitest.config.ts. */
export const LEVEL = process.env.CLOCHE_TEST_LEVEL === 'container' ? 'container' : 'os'

/** For what only the OS sandbox has; elsewhere it is skipped, and `why` is printed. */
export function onlyInOs(own: typeof test, why: string): typeof test {
  if (LEVEL === 'os') return own
  console.log(`skipped in containers: ${why}`)
  return own.skip as unknown as typeof test
}
