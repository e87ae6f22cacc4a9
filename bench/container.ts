// How long until the first instruction in a container: Cloche, with its probe and its gateway, beside
// `docker run` with neither. Started by scripts/bench.mjs; arguments: folder of the built entries,
// folder of the peers' programs, rounds.
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runInCloche, startCloche } from './cloche-session.ts'
import { firstInstructionBy, measure, STAMP, table } from './rounds.ts'

const [entries = '', , roundsText = '10'] = process.argv.slice(2)
const root = mkdtempSync('/var/tmp/cloche-bench-')
const workspace = join(root, 'home', 'project')
mkdirSync(workspace, { recursive: true })

const docker = (...args: string[]): string => execFileSync('docker', args, { encoding: 'utf8' })

function runPlain(image: string): Promise<void> {
  const mounts = ['/usr:/usr:ro', `${workspace}:${workspace}`].flatMap((item) => ['-v', item])
  const args = ['run', '--rm', '--network', 'none', ...mounts, '-w', workspace, image, ...STAMP]
  return new Promise((resolve, reject) =>
    execFile('docker', args, (error) => (error ? reject(error) : resolve())),
  )
}

const { connection, stop } = await startCloche({
  ...{ entries, root, path: process.env.PATH ?? '' },
  env: process.env.DOCKER_HOST ? { DOCKER_HOST: process.env.DOCKER_HOST } : {},
})
// The first start makes the image that both use.
await runInCloche(connection, { workspace, level: 'container' }, STAMP)
const image =
  docker('images', '--quiet', '--filter', 'reference=*cloche-machine-*').split('\n')[0] ?? ''
const rows = await measure(
  [
    firstInstructionBy(workspace, 'docker run, nothing around it', () => runPlain(image)),
    firstInstructionBy(workspace, 'Cloche', (command) =>
      runInCloche(connection, { workspace, level: 'container' }, command),
    ),
  ],
  Number(roundsText),
)
console.log(table('First instruction in a container', rows))
process.send?.(rows)
await stop()
rmSync(root, { recursive: true, force: true })
process.exit(0)
