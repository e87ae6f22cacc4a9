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
        },
      },
    ],
  },
})
