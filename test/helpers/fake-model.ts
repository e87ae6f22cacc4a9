import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'

/** A server that speaks as Anthropic's does: it asks once for `Bash` with this command, then it is done. */
export interface FakeModel {
  readonly address: string
  /** What the agent said became of the tool, as JSON. */
  readonly results: string[]
  close(): void
}

const Request = z.object({
  tools: z.array(z.object({ name: z.string() })).default([]),
  messages: z.array(z.object({ role: z.string(), content: z.unknown() })),
})

export async function startFakeModel(command: string): Promise<FakeModel> {
  const results: string[] = []
  const server: Server = createServer((incoming, response) => {
    const pieces: Buffer[] = []
    incoming.on('data', (piece: Buffer) => pieces.push(piece))
    incoming.on('end', () => {
      if (!incoming.url?.startsWith('/v1/messages?')) return void response.writeHead(404).end()
      const { tools, messages } = Request.parse(JSON.parse(Buffer.concat(pieces).toString()))
      const result = messages
        .filter(({ role }) => role === 'user')
        .map(({ content }) => JSON.stringify(content))
        .find((content) => content.includes('"tool_result"'))
      if (result !== undefined) results.push(result)
      const mayUse = tools.some(({ name }) => name === 'Bash') && result === undefined
      stream(response, mayUse ? useOf(command) : words('Done.'), mayUse ? 'tool_use' : 'end_turn')
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    results,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

interface Block {
  readonly begins: Readonly<Record<string, unknown>>
  readonly goesOn: Readonly<Record<string, unknown>>
}

const words = (text: string): Block => ({
  begins: { type: 'text', text: '' },
  goesOn: { type: 'text_delta', text },
})

const useOf = (command: string): Block => ({
  begins: { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: {} },
  goesOn: {
    type: 'input_json_delta',
    partial_json: JSON.stringify({ command, description: 'Only lists files' }),
  },
})

function stream(response: ServerResponse, { begins, goesOn }: Block, stop: string): void {
  const usage = { input_tokens: 1, output_tokens: 1 }
  const message = {
    ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'fake', content: [] },
    ...{ stop_reason: null, stop_sequence: null, usage },
  }
  const events = [
    { type: 'message_start', message },
    { type: 'content_block_start', index: 0, content_block: begins },
    { type: 'content_block_delta', index: 0, delta: goesOn },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: stop, stop_sequence: null }, usage },
    { type: 'message_stop' },
  ]
  response.writeHead(200, { 'Content-Type': 'text/event-stream' })
  for (const event of events)
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  response.end()
}
