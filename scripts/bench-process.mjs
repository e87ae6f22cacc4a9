import { fork } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { build } from 'vite'
import { readOptions } from './lib/options.mjs'
import { prepare, ROOT } from './lib/prepare.mjs'

readOptions('node scripts/bench-process.mjs: what watching processes costs, and what it sees', {})
await prepare()
const outDir = join(ROOT, 'out/bench')
await build({
  configFile: false,
  root: ROOT,
  logLevel: 'error',
  build: {
    outDir,
    ssr: join(ROOT, 'bench/process.ts'),
    target: 'node20',
    rolldownOptions: { output: { format: 'es', entryFileNames: 'process.mjs' } },
  },
})
const child = fork(join(outDir, 'process.mjs'), [
  join(ROOT, 'out/main'),
  mkdtempSync(join(tmpdir(), 'cloche-bench-')),
])
child.on('exit', (code) => process.exit(code ?? 1))
