import { fork } from 'node:child_process'
import { once } from 'node:events'
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

/** Each in a process of its own; `needs` are programs of its peers. */
const PARTS = {
  sandbox: { needs: ['bwrap', 'rg', 'socat', 'git'], packages: 'bubblewrap ripgrep socat git' },
  container: { needs: ['docker', 'dockerd'], packages: 'docker.io' },
  machine: {
    needs: ['bwrap', 'qemu-system-x86_64', 'gcc'],
    packages: 'bubblewrap qemu-system-x86 gcc',
  },
  view: { needs: ['chromium'], packages: 'chromium' },
  recording: {
    needs: ['bwrap', 'asciinema', 'chromium'],
    packages: 'bubblewrap asciinema chromium',
  },
  egress: { needs: ['gcc'], packages: 'gcc; squid is measured as well where it is installed' },
  process: { needs: ['gcc', 'ps', 'htop', 'forkstat'], packages: 'gcc procps htop forkstat' },
}

const options = readOptions('npm run bench -- [options]', {
  quick: { does: 'fewer rounds' },
  only: { value: 'PART', does: `one of ${Object.keys(PARTS).join(', ')}` },
  size: { value: 'MB', does: 'output that is recorded, instead of 1000 or with --quick 100' },
  json: { value: 'FILE', does: 'also write the numbers there' },
})

const names = options.only ? [options.only] : Object.keys(PARTS)
for (const name of names) {
  const part = PARTS[name]
  if (!part) fail(`there is no part ${name}: use one of ${Object.keys(PARTS).join(', ')}`)
  if (part.needs.some((program) => !which(program)))
    fail(`the peers of ${name} need packages: sudo apt-get install ${part.packages}`)
}

await prepare()
await installAgents()
const outDir = join(ROOT, 'out/bench')
const peers = join(ROOT, 'test/fixtures/agents/node_modules')
const version = (name) =>
  JSON.parse(readFileSync(join(peers, name, 'package.json'), 'utf8')).version
say(
  `${cpus().length} cores, kernel ${release()}, Node ${process.versions.node}, ` +
    `srt ${version('@anthropic-ai/sandbox-runtime')}, Codex ${version('@openai/codex')}`,
)
const results = {}
for (const name of names) {
  await build({
    configFile: false,
    root: ROOT,
    logLevel: 'error',
    build: {
      outDir,
      emptyOutDir: false,
      ssr: join(ROOT, `bench/${name}.ts`),
      target: 'node20',
      rolldownOptions: { output: { format: 'es', entryFileNames: `${name}.mjs` } },
    },
  })
  const child = fork(join(outDir, `${name}.mjs`), [
    join(ROOT, 'out/main'),
    join(peers, '.bin'),
    options.quick ? '4' : '15',
    options.size ?? '',
  ])
  child.on('message', (rows) => (results[name] = rows))
  const [code] = await once(child, 'exit')
  if (code !== 0) process.exit(code ?? 1)
}
if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`)
