import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{architecture,unit,contract,property,replay}/**/*.test.{ts,tsx}'],
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/{enforcement,integration}/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          // Real kernels on a busy machine: a second try is allowed in CI, and the report marks it.
          retry: process.env.CI ? 1 : 0,
        },
      },
    ],
  },
})
