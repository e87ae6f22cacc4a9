import { type ChildProcess, spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect } from 'vitest'
import { NARROW_ANSWER } from '../../src/shared/domain/policy.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { follow, pendingPrompts, startTestHost, type TestHost } from '../helpers/host.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'
import { listen, portOf } from './egress-harness.ts'

const test = requireCapability('bubblewrap', 'curl')
const NAME = 'host.cloche.internal'

/** Says its port, then each path it is asked for. */
const SERVICE = `require('http').createServer((request, response) => {
  console.log(request.url)
  response.end('a service of this machine')
}).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`

let host: TestHost
let connection: Connection
let service: ChildProcess
let lines: string[]
/** In the host's own process, as the browser shell is. */
let own: Server
beforeEach(async () => {
  lines = []
  service = spawn(process.execPath, ['-e', SERVICE], { stdio: ['ignore', 'pipe', 'inherit'] })
  createInterface({ input: service.stdout! }).on('line', (line) => lines.push(line))
  own = await listen(createServer((_request, response) => void response.end('ours')))
  await expect.poll(() => lines.length).toBe(1)
  host = await startTestHost()
  connection = await host.connect()
})
afterEach(async () => {
  await host.dispose()
  service.kill()
  own.close()
})

test('a service of this machine is reached by its own name, one allowed port at a time', async () => {
  const pending = pendingPrompts(connection)
  const [port] = lines.splice(0)
  const script = join(host.workspace, 'script.sh')
  const ask = (...args: string[]): string => `curl -sS --max-time 20 ${args.join(' ')} >>out 2>&1`
  await writeFile(
    script,
    [
      ask(`http://127.0.0.1:${port}/number`),
      ask(`--noproxy '' -x http://127.0.0.1:3128`, `http://localhost:${port}/localhost`),
      ask(`http://${NAME}:${portOf(own)}/own`),
      ask(`http://${NAME}:${port}/service`),
      ask('--noproxy "*"', `http://${NAME}:${port}/direct`),
    ].join('\n'),
  )
  const created = await connection.api.session.create(
    shellSpec(host.workspace, `/bin/bash ${script}`),
  )
  if (!created.ok) throw failure(created.error)
  const session = follow(connection, created.value.id)
  await expect.poll(() => pending.list.length).toBe(1)
  const [request] = pending.list
  expect(request?.destination).toMatchObject({ host: NAME, port: Number(port) })
  expect(lines).toEqual([])
  const answer = (everyPort: boolean) =>
    connection.api.prompt.answer({
      ...NARROW_ANSWER,
      ...{ promptId: request!.id, action: 'allow', lifetime: 'session', everyPort },
    })
  expect(await answer(true)).toMatchObject({ ok: false, error: { type: 'answer_refused' } })
  await answer(false)
  await expect.poll(() => session.state().session?.status).toBe('ended')
  expect(lines).toEqual(['/service', '/direct'])
  const out = await readFile(join(host.workspace, 'out'), 'utf8')
  expect(out).toContain(`its services are asked for as ${NAME}`)
  expect(out).toContain('belongs to Cloche itself')
  expect(out).not.toContain('ours')
})
