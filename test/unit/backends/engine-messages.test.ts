import { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { followEngine } from '../../../src/main/backends/containers/image-progress.ts'

let uncaught: unknown[]
const note = (cause: unknown): void => void uncaught.push(cause)
beforeEach(() => {
  uncaught = []
  process.on('uncaughtException', note)
})
afterEach(() => void process.off('uncaughtException', note))

/** Says these messages, and is cut off when the test wants it. */
function engineSaying(...messages: object[]): Readable {
  const said = new Readable({ read: () => undefined })
  for (const message of messages) said.push(`${JSON.stringify(message)}\n`)
  return said
}

test('an engine that breaks off after its refusal is no fault of the host', async () => {
  const said = engineSaying({ stream: 'begins\n' }, { error: 'there is none' })
  const lines: unknown[] = []
  await expect(followEngine(said, ({ line }) => lines.push(line))).rejects.toThrow('there is none')
  expect(lines).toEqual(['begins'])
  said.destroy(new Error('aborted'))
  await new Promise((done) => said.on('close', done))
  expect(uncaught).toEqual([])
})

test('an engine that breaks off before its end is not taken for done', async () => {
  const said = engineSaying({ stream: 'begins\n' })
  const followed = followEngine(said, () => said.destroy(new Error('aborted')))
  await expect(followed).rejects.toThrow('aborted')
})
