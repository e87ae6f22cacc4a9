import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { readMachineTrust } from '../../src/main/egress/tls/machine-trust.ts'
import type { SessionSpec } from '../../src/shared/domain/session.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { docker, makeImage } from '../containers/engine-image.ts'
import { failure } from '../helpers/failure.ts'
import { follow, outputOf, startTestHost, type TestHost } from '../helpers/host.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'

const test = requireCapability('bubblewrap', 'machines', 'sqfstar', 'a container engine')
const BASE = 'cloche-test-root-base'
const IMAGE = 'cloche-test-root'
/** Is for processors that the machine does not have. */
const FOREIGN = 'cloche-test-root-arm'
const SHELL_LESS = 'cloche-test-root-empty'

const ignore = (): void => undefined

let host: TestHost
let connection: Connection
beforeAll(() => {
  const tools = [
    'bash',
    'cat',
    'cut',
    'find',
    'id',
    'ls',
    'mount',
    'sh',
    'sleep',
    'stat',
    'tr',
    'uname',
  ]
  makeImage(BASE, tools)
  makeRoot()
})
afterAll(() => void docker('rmi', '--force', IMAGE, BASE, FOREIGN, SHELL_LESS))
beforeEach(async () => {
  host = await startTestHost()
  connection = await host.connect()
})
afterEach(() => host.dispose())

/** On top of the base: a tool of its own, files of other owners, and what an unfriendly image has in the way. */
function makeRoot(): void {
  const root = mkdtempSync(join(tmpdir(), 'cloche-root-'))
  try {
    const files = join(root, 'files')
    for (const path of ['owned', 'own-tools', 'var', 'run', 'usr'])
      mkdirSync(join(files, path), { recursive: true })
    writeFileSync(join(files, 'owned/by-1234'), 'kept')
    writeFileSync(
      join(files, 'own-tools/own-tool'),
      '#!/bin/sh\necho "own tool of $OF_THE_IMAGE"\n',
      { mode: 0o755 },
    )
    writeFileSync(join(files, 'run/of-the-image'), '')
    // They would lead what is mounted there elsewhere.
    symlinkSync('/owned', join(files, 'tmp'))
    symlinkSync('/dev', join(files, 'proc'))
    symlinkSync('../own-tools', join(files, 'var/tmp'))
    const archive = join(root, 'root.tar')
    docker('create', '--name', 'cloche-test-root-from', BASE, 'none')
    docker('export', '--output', archive, 'cloche-test-root-from')
    docker('rm', 'cloche-test-root-from')
    // What an engine makes for every container would be in their way.
    for (const path of ['proc', 'dev', 'sys', 'etc/hosts', 'etc/resolv.conf'])
      execFileSync('tar', ['--delete', '-f', archive, path], { stdio: 'ignore' })
    execFileSync('tar', ['-C', files, '--owner=1234', '--group=4321', '-rf', archive, '.'])
    const env = ['--change', 'ENV PATH=/own-programs:/own-tools', '--change', 'ENV OF_THE_IMAGE=1']
    docker('import', ...env, archive, IMAGE)
    makeForeign(root)
    execFileSync('tar', ['-C', files, '-cf', archive, 'owned'])
    docker('import', archive, SHELL_LESS)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** The same with another processor in its description. */
function makeForeign(root: string): void {
  const saved = join(root, 'saved')
  mkdirSync(saved)
  docker('tag', BASE, FOREIGN)
  docker('save', '--output', join(root, 'saved.tar'), FOREIGN)
  docker('rmi', FOREIGN)
  execFileSync('tar', ['-C', saved, '-xf', join(root, 'saved.tar')])
  const [manifest] = JSON.parse(readFileSync(join(saved, 'manifest.json'), 'utf8'))
  const config = join(saved, manifest.Config)
  writeFileSync(config, readFileSync(config, 'utf8').replace('"amd64"', '"arm64"'))
  execFileSync('tar', ['-C', saved, '-cf', join(root, 'saved.tar'), '.'])
  docker('load', '--input', join(root, 'saved.tar'))
}

const spec = (more: Partial<SessionSpec>): SessionSpec => ({
  ...shellSpec(host.workspace, 'sh script'),
  level: 'vm',
  image: IMAGE,
  ...more,
})

test('an image is the whole system of a machine, and is proven as every other', async () => {
  await writeFile(
    join(host.workspace, 'script'),
    `
own-tool
echo "as $(id -u):$(id -g) in $(pwd) with $(cat /etc/hosts)"
echo "owner $(stat -c %u:%g /owned/by-1234), tmp $(stat -c %F /tmp), run $(ls -A /run | tr -d '\\n')."
for path in /usr/bin /usr/lib /etc/debian_version /opt; do [ -e $path ] && echo "shows $path"; done
for path in /owned /own-tools /etc /bin; do (: >$path/made) 2>/dev/null && echo "wrote $path"; done
: >/tmp/made && : >made && echo "both made"
(: </dev/vda) 2>/dev/null && echo "the disk is open"
echo "trusts $(ls "\${SSL_CERT_FILE%/*}"), $(cat "$SSL_CERT_FILE" | cut -c1-10 | tr -d '\\n' | cut -c1-10)"
(: >>"$SSL_CERT_FILE") 2>/dev/null && echo "changed what it trusts"
echo over; exec sleep 600
`,
  )
  // It waits for the disk that is made for it.
  const created = await connection.api.session.create(spec({ inspectTls: true }))
  if (!created.ok) throw failure(created.error)
  const { id } = created.value
  const { state } = follow(connection, id)
  await expect.poll(() => outputOf(connection, id)).toContain('over')
  const said = (await outputOf(connection, id)).split('\r\n')
  const bundle = (await readMachineTrust(process.env)).bundle ?? ''
  const user = `${process.getuid?.()}:${process.getgid?.()}`
  expect(said).toEqual([
    'own tool of 1',
    `as ${user} in ${host.workspace} with 127.0.0.1 localhost cloche`,
    ...['::1 localhost', 'owner 1234:4321, tmp directory, run .', 'both made'],
    // One file of this machine's, in a folder that is the image's.
    ...[`trusts ${basename(bundle)}, -----BEGIN`, 'over', ''],
  ])
  expect(await readdir(host.workspace)).toContain('made')

  // A further terminal is in the image as well.
  const opened = await connection.api.terminal.open({ session: id })
  if (!opened.ok) throw failure(opened.error)
  const seen = { screen: ignore, output: ignore, resized: ignore, closed: ignore }
  const size = { cols: 80, rows: 24 }
  connection.openTerminal(id, size, seen, opened.value).write(Buffer.from('own-tool\r'))
  await expect.poll(() => outputOf(connection, id, opened.value)).toContain('own tool of 1')

  const { axes, policy } = state().session!
  expect(axes.map(({ proven }) => proven)).toEqual(Array(4).fill('enforced'))
  expect(policy?.sentences.map(({ text }) => text)).toContain(
    `read the programs of the image ${IMAGE}`,
  )
  const again = await connection.api.session.probe({ id })
  expect(again.ok && again.value.map(({ proven }) => proven)).toEqual(Array(4).fill('enforced'))

  // The disk is read only to QEMU as well, and nothing of this machine's system is shared.
  const line = await qemuOf(host.home)
  expect(line.filter((word) => word.startsWith('driver=raw')).join()).toMatch(
    /read-only=on.*\/disk,.*read-only=on/,
  )
  const shared = line
    .filter((word) => word.startsWith('local,'))
    .map((word) => /path=([^,]*)/.exec(word)?.[1])
  expect(new Set(shared)).toEqual(new Set([host.home, dirname(bundle)]))
  // Nobody takes it away from a machine that runs, and afterwards a person may.
  expect(await keptDisks()).toEqual([])
  await connection.api.session.stop({ id })
  await expect.poll(() => state().session?.status).toBe('ended')
  const kept = await keptDisks()
  expect(kept).toMatchObject([{ kind: 'disk', name: `${IMAGE}:latest` }])

  // Made once, as a job that was seen, through a container that is gone.
  const [disk, ...others] = readdirSync(join(host.dataDir, 'machines/images'))
  expect(others).toEqual([])
  expect(disk).toBe(
    `${docker('image', 'inspect', '--format', '{{.Id}}', IMAGE).slice('sha256:'.length)}.squashfs`,
  )
  expect(await jobs()).toMatchObject([{ state: 'done', name: IMAGE, request: { kind: 'disk' } }])
  expect(docker('ps', '--all', '--quiet', '--filter', 'label=dev.cloche.kind=look')).toBe('')
  const removed = await connection.api.engine.remove({ ids: kept.map((each) => each.id) })
  expect(removed).toEqual({ ok: true, value: kept[0]?.sizeBytes })
  expect(readdirSync(join(host.dataDir, 'machines/images'))).toEqual([])
  expect(docker('images', '--quiet', IMAGE)).not.toBe('')
})

async function keptDisks() {
  const found = await connection.api.engine.removable(null)
  if (!found.ok) throw new Error(found.error.detail)
  return found.value.filter(({ kind }) => kind === 'disk')
}

test('an image that cannot be one is refused in a sentence, and no disk is made of it', async () => {
  for (const [more, detail] of [
    [{ image: 'cloche-test-absent' }, /does not have it/],
    [{ image: FOREIGN }, /it is for arm64 processors/],
    [{ image: SHELL_LESS }, /it has no \/bin\/sh/],
    [{ command: 'absent-tool' }, /it has no program absent-tool/],
  ] as const)
    expect(await connection.api.session.create(spec(more))).toMatchObject({
      ok: false,
      error: {
        type: 'boundary_failed',
        part: expect.stringContaining('the image '),
        detail: expect.stringMatching(detail),
        remedy: expect.stringMatching(/\w{5}.*\.$/),
      },
    })
  expect(await jobs()).toEqual([])
})

const jobs = async () => {
  const frames = await new Promise<readonly { readonly job: object }[]>((resolve) => {
    const stop = connection.api.image.jobs(null, (frame) => {
      if (frame.type !== 'snapshot') return
      resolve(frame.state)
      queueMicrotask(() => stop())
    })
  })
  return frames.map(({ job }) => job)
}

/** Words of the one QEMU that runs for this host: what it shares lies in folders that the test made. */
async function qemuOf(home: string): Promise<string[]> {
  for (const name of await readdir('/proc')) {
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')
    if (/^[^\0]*qemu-system/.test(line) && line.includes(`path=${home},`)) return line.split('\0')
  }
  throw new Error('no machine runs')
}
