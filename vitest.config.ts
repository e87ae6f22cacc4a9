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

/** Files of a folder of tests, by their names. */
const suites = (folder: string, ...names: readonly string[]): string[] =>
  names.flatMap((words) => words.split(' ')).map((name) => `test/${folder}/${name}.test.ts`)

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
            ...suites(
              'enforcement',
              'direct environment file-policy kernel-doors late-changes limits network planting',
              'processes reach services sessions surface syscalls terminals further-terminals',
            ),
            ...suites(
              'integration',
              'file-changes further-terminals host inspection isolation lifetime machine-services',
              'network-mode ports process-control restart review rules secrets switches',
            ),
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
            ...suites('containers', 'containers manage'),
            ...suites('enforcement', 'file-policy'),
            ...suites('integration', 'host'),
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
            ...suites(
              'enforcement',
              'agent-questions direct environment file-policy kernel-doors late-changes limits network planting',
              'planting-ways processes reach services sessions surface syscalls terminals further-terminals',
            ),
            ...suites(
              'integration',
              'direct file-changes further-terminals host inspection isolation lifetime machine-services',
              'network-mode ports process-control restart review rules secrets switches tools',
            ),
          ],
          env: { CLOCHE_TEST_LEVEL: 'container' },
          ...REAL,
        },
      },
    ],
  },
})
