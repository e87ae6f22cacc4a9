import { defineConfig } from '@playwright/test'

/** `npm test` may run this as a user who cannot write into the checkout. */
const RESULTS = process.env.CLOCHE_TEST_RESULTS ?? 'out/test'

export default defineConfig({
  outputDir: `${RESULTS}/traces`,
  workers: 1,
  retries: process.env.CI ? 1 : 0,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [['list'], ['json', { outputFile: `${RESULTS}/e2e.json` }]],
  projects: [
    // Every spec runs on both shells, but for those about what only one of them has.
    { name: 'electron', testDir: 'test/e2e', testIgnore: '**/*.web.spec.ts' },
    { name: 'web', testDir: 'test/e2e', testIgnore: '**/*.electron.spec.ts' },
    { name: 'visual', testDir: 'test/visual' },
  ],
})
