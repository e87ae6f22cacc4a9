import { fork } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'
import { readOptions } from './lib/options.mjs'
import { prepare, ROOT } from './lib/prepare.mjs'
import { which } from './lib/run.mjs'
import { fail, say } from './lib/say.mjs'
import { installAgents } from './lib/test-machine.mjs'

// Ratios of things measured side by side in one run; absolute times are of this machine only.

const options = readOptions('npm run bench -- [options]', {
  quick: { does: 'fewer rounds' },
  json: { value: 'FILE', does: 'also write the numbers there' },
})

const missing = ['bwrap', 'rg', 'socat', 'git'].filter((name) => !which(name))
if (missing.length > 0)
  fail(`the peers need ${missing.join(', ')}: sudo apt-get install bubblewrap ripgrep socat git`)

await prepare()
await installAgents()
const outDir = join(ROOT, 'out/bench')
await build({
  configFile: false,
  root: ROOT,
  logLevel: 'error',
  build: {
    outDir,
    ssr: join(ROOT, 'bench/sandbox.ts'),
    target: 'node20',
    rolldownOptions: { output: { format: 'es', entryFileNames: 'sandbox.mjs' } },
  },
})
const peers = join(ROOT, 'test/fixtures/agents/node_modules')
const version = (name) =>
  JSON.parse(readFileSync(join(peers, name, 'package.json'), 'utf8')).version
say(
  `${cpus().length} cores, kernel ${release()}, Node ${process.versions.node}, ` +
    `srt ${version('@anthropic-ai/sandbox-runtime')}, Codex ${version('@openai/codex')}`,
)
const child = fork(join(outDir, 'sandbox.mjs'), [
  join(ROOT, 'out/main'),
  join(peers, '.bin'),
  options.quick ? '4' : '15',
])
child.on('message', (results) => {
  if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`)
})
child.on('exit', (code) => process.exit(code ?? 1))
