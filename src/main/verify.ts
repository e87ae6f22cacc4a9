import { parseArgs } from 'node:util'
import { verifyAudit } from './store/audit-log.ts'
import { defaultDataDir } from './store/paths.ts'

// Checks the audit of a data folder from outside of any host. Exit code 0: whole; 1: broken.

const { values } = parseArgs({ options: { 'data-dir': { type: 'string' } } })
const folder = values['data-dir'] ?? defaultDataDir(process.env)
const verdict = await verifyAudit(folder)
if (verdict.result === 'whole') {
  console.log(`The audit in ${folder} is whole: ${verdict.entries} entries.`)
} else {
  console.error(`The audit in ${folder} is broken at line ${verdict.line}. ${verdict.detail}`)
  process.exitCode = 1
}
