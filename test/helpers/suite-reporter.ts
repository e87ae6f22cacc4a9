import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

type Failing = Readonly<{ message?: string }>
type Failure = Readonly<{ title: string; words: string }>

const firstLines = (error: Failing | undefined) =>
  (error?.message ?? 'no words').split('\n').slice(0, 4).join(' / ').slice(0, 300)

/**
 * The report at the end of a long run: how many tests passed and failed, which were not exercised, and of
 * each failure, also of one outside of any test or before a second try that passed, a sentence.
 * What was printed on the way is easily cut. Written only where `scripts/test.mjs` asks for it.
 */
export class SuiteReporter implements Reporter {
  private readonly file: string | undefined

  constructor(file: string | undefined) {
    this.file = file
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly Failing[]) {
    if (!this.file) return
    const report = {
      passed: 0,
      failed: 0,
      skipped: [] as string[],
      retried: [] as Failure[],
      failures: [] as Failure[],
    }
    const fails = (name: string, error: Failing | undefined) =>
      report.failures.push({ title: name, words: firstLines(error) })
    for (const module of modules) {
      for (const error of module.errors()) fails(module.relativeModuleId, error)
      for (const suite of module.children.allSuites())
        for (const error of suite.errors()) fails(suite.fullName, error)
      for (const test of module.children.allTests()) {
        const { state, errors: reasons } = test.result()
        if (state === 'passed') {
          report.passed++
          if (test.diagnostic()?.flaky)
            report.retried.push({ title: test.fullName, words: firstLines(reasons?.[0]) })
        } else if (state === 'failed') {
          report.failed++
          fails(test.fullName, reasons[0])
        } else report.skipped.push(test.fullName)
      }
    }
    for (const error of errors) fails('outside of a test', error)
    writeFileSync(this.file, JSON.stringify(report))
  }
}
