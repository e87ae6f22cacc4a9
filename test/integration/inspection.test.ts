import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import type { RuleDraft } from '../../src/shared/domain/policy.ts'
import type { SessionSpec } from '../../src/shared/domain/session.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { follow, startTestHost, type TestHost } from '../helpers/host.ts'
import { filesHolding } from '../helpers/holding.ts'
import { notInVm } from '../helpers/level.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'
import { makeCertificate } from './certificate.ts'
import { listen, portOf } from './egress-harness.ts'

const test = requireCapability('bubblewrap')
/** What the gateway does is the same for every wall; whether it is trusted inside is not. */
const ofTheGateway = notInVm(test, 'the gateway is the same: only what trusts it is in the machine')
const HOST = 'api.example.test'
const OTHER = 'other.example.test'
const SECRET = 'tok-4f9a1c77e2d8b0-only-the-gateway'

let host: TestHost
let connection: Connection
let servers: Server[]
let folder: string
/** `HOST METHOD PATH`, and the credential that came with it. */
let seen: { line: string; authorization: string | undefined }[]

async function serveTls(name: string): Promise<string> {
  const certificate = await makeCertificate(name)
  const server = createServer(certificate, (request, response) => {
    const { authorization, host: asked } = request.headers
    seen.push({ line: `${asked} ${request.method} ${request.url}`, authorization })
    request.resume()
    response.end(`you sent ${authorization ?? 'nothing'}\n`)
  })
  servers.push(await listen(server))
  return certificate.cert
}

beforeEach(async () => {
  seen = []
  servers = []
  folder = await mkdtemp(join(tmpdir(), 'cloche-inspection-'))
  // What this machine trusts, as far as this host is concerned.
  const trusted = join(folder, 'trusted.pem')
  await writeFile(trusted, (await serveTls(HOST)) + (await serveTls(OTHER)))
  const at = (index: number): string => `127.0.0.1:${portOf(servers[index]!)}`
  host = await startTestHost({
    hosts: { [HOST]: at(0), [OTHER]: at(1) },
    env: { NODE_EXTRA_CA_CERTS: trusted },
  })
  connection = await host.connect()
  await connection.api.variable.keep({ name: 'API_TOKEN', value: SECRET })
})
afterEach(async () => {
  await host.dispose()
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  await rm(folder, { recursive: true })
})

async function run(script: string, part: Partial<SessionSpec>) {
  const path = join(host.workspace, 'script.sh')
  await writeFile(path, script)
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, `/bin/bash ${path}`),
    ...{ network: 'deny', grants: [HOST, OTHER] },
    ...part,
  })
  if (!created.ok) throw failure(created.error)
  const session = follow(connection, created.value.id)
  return {
    ended: () => expect.poll(() => session.state().session?.status).toBe('ended'),
    out: () => readFile(join(host.workspace, 'out'), 'utf8'),
    ...session,
    id: created.value.id,
  }
}

const rule = (part: Partial<RuleDraft>): RuleDraft => ({
  ...{ replaces: null, action: 'allow', host: HOST, port: null, scheme: null },
  ...{ scope: { kind: 'everywhere' }, forMs: null, origin: 'user' },
  ...part,
})

describe('a session that looks into TLS', () => {
  const CLIENTS: readonly (readonly [name: string, command: string, path: string])[] = [
    ['curl', `curl -sS https://${HOST}/curl`, '/curl'],
    ['curl, no proxy', `curl -sS --noproxy '*' https://${HOST}/direct`, '/direct'],
    [
      'node',
      `node -e "fetch('https://${HOST}/node').then(r => r.text()).then(console.log)"`,
      '/node',
    ],
    [
      'python',
      `python3 -c "import urllib.request; print(urllib.request.urlopen('https://${HOST}/python').read())"`,
      '/python',
    ],
    ['git', `git ls-remote https://${HOST}/repo.git`, '/repo.git/info/refs'],
    ['openssl', `openssl s_client -connect ${HOST}:443 -servername ${HOST} </dev/null`, ''],
  ]

  test('is trusted by what runs inside, and every request is told of', async () => {
    await connection.api.rule.save(rule({ inspect: true }))
    const script = CLIENTS.map(([, command]) => `${command} >>out 2>&1`).join('\n')
    const session = await run(script, {})
    await session.ended()
    const out = await session.out()
    expect(out).toContain('Verify return code: 0')
    const entries = [...session.state().network.values()]
    expect(entries.map(({ carried }) => carried?.isInspected)).toEqual(CLIENTS.map(() => true))
    const paths = entries.flatMap(({ exchanges }) => exchanges.map(({ path }) => path))
    expect(paths).toEqual(CLIENTS.map(([, , path]) => path).filter((path) => path !== ''))
    expect(seen.map(({ line }) => line.split('?')[0])).toEqual(
      paths.map((path) => `${HOST} GET ${path}`),
    )
  })

  ofTheGateway(
    'leaves other hosts alone, and a session without it trusts nothing new',
    async () => {
      const script = `curl -sSk -v https://${OTHER}/ 2>&1 | grep -i issuer: >out`
      await connection.api.rule.save(rule({ inspect: true }))
      const session = await run(script, { inspectTls: true })
      await session.ended()
      expect(await session.out()).toContain(`CN=${OTHER}`)
      expect([...session.state().network.values()][0]?.carried).toMatchObject({
        ...{ name: OTHER, isInspected: false },
      })
    },
  )

  ofTheGateway(
    'a rule about requests holds at once, and cannot be used where TLS is not looked into',
    async () => {
      const script = `
      for i in 1 2 3 4 5 6 7 8 9 10; do
        curl -sS -o /dev/null -w '%{http_code}\\n' -X POST https://${HOST}/n$i >>out 2>&1
        curl -sS -o /dev/null -w '%{http_code}\\n' https://${HOST}/n$i >>out 2>&1
        sleep 0.3
      done`
      const session = await run(script, { inspectTls: true })
      await expect.poll(() => seen.length).toBeGreaterThan(2)
      const before = seen.length
      const saved = await connection.api.rule.save(
        rule({ action: 'deny', request: { methods: ['POST'], path: null } }),
      )
      if (!saved.ok) throw new Error('not saved')
      await session.ended()
      const posts = seen.slice(before + 1).filter(({ line }) => line.includes('POST'))
      expect(posts).toEqual([])
      expect(
        seen.slice(before + 1).filter(({ line }) => line.includes('GET')).length,
      ).toBeGreaterThan(2)
      expect(await session.out()).toContain('403')

      // TLS that hides its requests is denied as a whole, because it could be one of those.
      seen.length = 0
      await connection.api.rule.remove({ id: saved.value.id })
      const blind = await run(`sleep 1; curl -sS https://${HOST}/ >out 2>&1; echo $? >>out`, {})
      await connection.api.rule.save(
        rule({
          ...{ action: 'deny', request: { methods: ['POST'], path: null } },
          scope: { kind: 'session', sessionId: blind.id },
        }),
      )
      await blind.ended()
      expect(seen).toEqual([])
    },
  )
})

describe('a value only the gateway knows', () => {
  const variables: SessionSpec['variables'] = [
    { name: 'API_TOKEN', source: 'kept', isSecret: true, standInFor: [HOST] },
  ]

  ofTheGateway(
    'arrives at its host, and is nowhere inside and in nothing that is kept',
    async () => {
      const script = `
      curl -sS -H "Authorization: Bearer $API_TOKEN" https://${HOST}/a >out
      echo "$API_TOKEN" >token
      curl -sS -H "Authorization: Bearer $API_TOKEN" https://${OTHER}/b >>out 2>&1
      curl -sS -H "Authorization: Bearer $API_TOKEN" http://${HOST}/c >>out 2>&1
      sleep 1`
      const session = await run(script, { variables })
      await session.ended()
      expect(seen[0]).toEqual({ line: `${HOST} GET /a`, authorization: `Bearer ${SECRET}` })
      // The other host is not looked into: it gets what stands in for it.
      const token = (await readFile(join(host.workspace, 'token'), 'utf8')).trim()
      expect(token).toHaveLength(SECRET.length)
      expect(seen.slice(1)).toEqual([{ line: `${OTHER} GET /b`, authorization: `Bearer ${token}` }])
      const out = await session.out()
      expect(out).toContain(`you sent Bearer ${'*'.repeat(SECRET.length)}`)
      expect(out).toContain('it would send the value of API_TOKEN unencrypted')
      expect(await filesHolding(host.workspace, SECRET)).toEqual([])
      expect(await filesHolding(host.dataDir, SECRET)).toEqual([])
      expect(JSON.stringify(session.events)).not.toContain(SECRET)
      expect([...session.state().network.values()][0]?.exchanges[0]?.standIns).toEqual([
        'API_TOKEN',
      ])
    },
  )

  ofTheGateway('is not given to a session without a gateway', async () => {
    const created = await connection.api.session.create({
      ...shellSpec(host.workspace, 'true'),
      ...{ level: 'unconfined', acknowledgement: 'unconfined', variables },
    })
    expect(created).toMatchObject({ ok: false, error: { type: 'variable_refused' } })
  })
})

ofTheGateway('what was made so that programs inside trust a session goes with it', async () => {
  const trust = join(host.dataDir, 'trust')
  const session = await run('sleep 0.5', { inspectTls: true })
  expect(await readdir(trust)).toHaveLength(1)
  const [file] = await readdir(trust)
  expect(await readFile(join(trust, file!), 'utf8')).not.toContain('PRIVATE KEY')
  await session.ended()
  await expect.poll(() => readdir(trust)).toEqual([])
  await connection.api.session.preview({
    ...shellSpec(host.workspace, 'true'),
    inspectTls: true,
  })
  expect(await readdir(trust)).toEqual([])
})
