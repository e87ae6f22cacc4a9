import { resolve } from 'node:path'
import type { Log } from '../../src/main/core/ports.ts'
import type { LaunchSpec } from '../../src/main/core/terminal-port.ts'
import type { SessionId } from '../../src/shared/domain/ids.ts'

export const ROOT = process.env.CLOCHE_TEST_ROOT ?? resolve(import.meta.dirname, '../..')
const FAKE_AGENT = resolve(ROOT, 'test/fixtures/fake-agent.mjs')

export const monoMs = (): number => Number(process.hrtime.bigint()) / 1e6

let lastId = 0
export const newSessionId = (): SessionId =>
  `ses_${process.pid.toString(16).padStart(8, '0')}${(++lastId).toString(16).padStart(4, '0')}` as SessionId

export const fakeAgent = (...words: string[]): LaunchSpec => ({
  file: process.execPath,
  args: [FAKE_AGENT, ...words],
  env: { PATH: process.env.PATH ?? '', TERM: 'xterm-256color' },
  cwd: ROOT,
})

export const quietLog: Log = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
