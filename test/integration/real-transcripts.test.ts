import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { outputOf, startTestHost, type TestHost } from '../helpers/host.ts'
import { AGENTS_BIN } from '../helpers/person.ts'
import { CLAUDE_ENV, CLAUDE_VARIABLES, signedInClaude } from '../helpers/signed-in.ts'
import { shellSpec } from '../helpers/spec.ts'

// The agents as their users install them, in the OS sandbox, typed to by a person. Only the model
// stands in for the real one: it is on this machine and always says the same.

const ANSWER = 'The tide is out.'

let host: TestHost
let connection: Connection
let model: Server

beforeEach(async () => {
  model = createServer((request, response) => {
    request.resume()
    request.on('end', () => answer(request.url ?? '', response))
  })
  await new Promise<void>((done) => model.listen(0, '127.0.0.1', done))
  host = await startTestHost({
    hosts: { 'model.test': `127.0.0.1:${(model.address() as AddressInfo).port}` },
    env: {
      PATH: `${AGENTS_BIN}:${process.env.PATH}`,
      ...CLAUDE_ENV,
    },
  })
  connection = await host.connect()
})
afterEach(async () => {
  await host.dispose()
  model.close()
})

test.each([
  ['claude-code', '? for shortcuts', signedInClaude],
  ['codex', 'gpt-test', signedInCodex],
] as const)('what was said to %s and by it is found again', async (agent, ready, prepare) => {
  const folder = join(host.dataDir, 'homes', agent)
  await prepare(folder, host.workspace)
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, ''),
    ...{ agent, command: null, grants: ['model.test'] },
    variables: agent === 'claude-code' ? CLAUDE_VARIABLES : [],
  })
  if (!created.ok) throw failure(created.error)
  const { id } = created.value
  const text = async () =>
    (await outputOf(connection, id)).replaceAll(/\x1b\[[0-9;?<>=]*[A-Za-z]|\s/g, '')
  await expect.poll(text).toContain(ready.replaceAll(' ', ''))
  const terminal = connection.openTerminal(
    id,
    { cols: 100, rows: 30 },
    {
      screen: () => undefined,
      output: (offset, bytes) => terminal.drawn(offset + bytes.length),
      resized: () => undefined,
      closed: () => undefined,
    },
  )
  await new Promise((done) => setTimeout(done, 1000))
  terminal.write(Buffer.from('how is the tide?'))
  await expect.poll(text).toContain('howisthetide?')
  terminal.write(Buffer.from('\r'))
  await expect.poll(text).toContain(ANSWER.replaceAll(' ', ''))
  await connection.api.session.stop({ id })
  const said = await connection.api.recording.transcript({ id })
  expect(said.map(({ who, text: words }) => [who, words])).toEqual([
    ['person', 'how is the tide?'],
    ['agent', ANSWER],
  ])
})

async function signedInCodex(folder: string, workspace: string): Promise<void> {
  await mkdir(join(folder, '.codex'), { recursive: true })
  await writeFile(
    join(folder, '.codex/config.toml'),
    `model = "gpt-test"
model_provider = "local"
[model_providers.local]
name = "local"
base_url = "http://model.test/v1"
wire_api = "responses"
[projects."${workspace}"]
trust_level = "trusted"
`,
  )
}

function answer(url: string, response: ServerResponse): void {
  const isClaude = url.startsWith('/v1/messages') && !url.includes('count_tokens')
  if (!isClaude && !url.endsWith('/responses')) return void response.writeHead(404).end('{}')
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const event of isClaude ? CLAUDE_SAYS : CODEX_SAYS)
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  response.end()
}

const CLAUDE_SAYS = [
  {
    type: 'message_start',
    message: {
      ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'test', content: [] },
      ...{ stop_reason: null, stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 } },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ANSWER } },
  { type: 'content_block_stop', index: 0 },
  {
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: 5 },
  },
  { type: 'message_stop' },
]

const CODEX_SAYS = [
  { type: 'response.created', response: { id: 'resp_1' } },
  {
    type: 'response.output_item.done',
    item: {
      ...{ type: 'message', role: 'assistant', id: 'm1' },
      content: [{ type: 'output_text', text: ANSWER }],
    },
  },
  {
    type: 'response.completed',
    response: { id: 'resp_1', usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 } },
  },
]
