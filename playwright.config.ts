import { defineConfig } from '@playwright/test'

/** `npm test` may run this as a user who cannot write into the checkout. */
const RESULTS = process.env.CLOCHE_TEST_RESULTS ?? 'out/test'

export default defineConfig({
  outputDir: `${RESULTS}/traces`,
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [['list'], ['json', { outputFile: `${RESULTS}/e2e.json` }]],
  projects: [
    { name: 'electron', testDir: 'test/e2e' },
    { name: 'web', testDir: 'test/e2e' },
    { name: 'visual', testDir: 'test/visual' },
  ],
})
