import { spawnSync } from 'node:child_process'
import { prepare } from './lib/prepare.mjs'

await prepare()
const { status } = spawnSync(process.execPath, ['out/main/verify.mjs', ...process.argv.slice(2)], {
  stdio: 'inherit',
})
process.exitCode = status ?? 1
