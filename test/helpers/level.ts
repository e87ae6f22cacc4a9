/** The wall that the suites of every wall are run for: see vitest.config.ts. */
export const LEVEL = process.env.CLOCHE_TEST_LEVEL === 'container' ? 'container' : 'os'
