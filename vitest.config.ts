import { defineConfig } from 'vitest/config'
import { SuiteReporter } from './test/helpers/suite-reporter.ts'

/** Real parts. What is waited for comes when it comes: only a test about time says a limit of its own. */
const REAL = {
  testTimeout: 120_000,
  hookTimeout: 120_000,
  expect: { poll: { timeout: 60_000 } },
  fileParallelism: false,
  // Real kernels on a busy machine: a second try is allowed in CI, and the report marks it.
  retry: process.env.CI ? 1 : 0,
}

export default defineConfig({
  test: {
    reporters: ['default', new SuiteReporter(process.env.CLOCHE_TEST_REPORT)],
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
          ...REAL,
        },
      },
      {
        // In virtual machines, whose processor CI emulates, so that each takes seconds to start: what only
        // those have, and of the suites of every wall those that say most for that time.
        test: {
          name: 'machines',
          include: [
            'test/machines/**/*.test.ts',
            ...[
              ...[
                'direct',
                'environment',
                'file-policy',
                'kernel-doors',
                'late-changes',
                'network',
              ],
              ...['planting', 'processes', 'reach', 'services', 'sessions', 'surface', 'syscalls'],
              ...['limits', 'terminals', 'further-terminals'],
            ].map((name) => `test/enforcement/${name}.test.ts`),
            ...[
              ...[
                'file-changes',
                'further-terminals',
                'host',
                'inspection',
                'isolation',
                'lifetime',
                'machine-services',
              ],
              ...['process-control', 'review', 'secrets'],
            ].map((name) => `test/integration/${name}.test.ts`),
          ],
          env: { CLOCHE_TEST_LEVEL: 'vm' },
          ...REAL,
          testTimeout: 300_000,
          expect: { poll: { timeout: 120_000 } },
        },
      },
      {
        // In containers of another engine: what it is asked for in its own words, and what holds then.
        test: {
          name: 'podman',
          include: [
            ...['containers', 'manage'].map((name) => `test/containers/${name}.test.ts`),
            'test/enforcement/file-policy.test.ts',
            'test/integration/host.test.ts',
          ],
          env: { CLOCHE_TEST_LEVEL: 'container' },
          ...REAL,
        },
      },
      {
        // The suites of the OS sandbox once more, in containers, and what only those have.
        test: {
          name: 'containers',
          include: [
            'test/containers/**/*.test.ts',
            ...[
              ...['direct', 'environment', 'file-policy', 'kernel-doors', 'late-changes', 'limits'],
              ...['network', 'planting', 'planting-ways', 'processes', 'reach', 'services'],
              ...['sessions', 'surface', 'syscalls', 'terminals', 'further-terminals'],
            ].map((name) => `test/enforcement/${name}.test.ts`),
            ...[
              ...[
                'direct',
                'file-changes',
                'further-terminals',
                'host',
                'inspection',
                'isolation',
                'lifetime',
                'machine-services',
                'network-mode',
                'review',
              ],
              ...['ports', 'process-control', 'restart', 'rules', 'secrets', 'switches', 'tools'],
            ].map((name) => `test/integration/${name}.test.ts`),
          ],
          env: { CLOCHE_TEST_LEVEL: 'container' },
          ...REAL,
        },
      },
    ],
  },
})
