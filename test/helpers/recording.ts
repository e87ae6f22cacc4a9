import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SessionId } from '../../src/shared/domain/ids.ts'
import { BASIC_SPEC, type Session } from '../../src/shared/domain/session.ts'
import type { Fact, TimelineEvent } from '../../src/shared/domain/timeline.ts'

export const sessionId = (n: number): SessionId =>
  `ses_${n.toString(16).padStart(16, '0')}` as SessionId

export const sampleSession = (id: SessionId): Session => ({
  id,
  spec: {
    agent: 'command',
    command: 'true',
    workspace: '/somewhere',
    level: 'os',
    title: null,
    network: 'ask',
    grants: [],
    useSignIn: false,
    ...BASIC_SPEC,
    acknowledgement: null,
  },
  asked: null,
  title: 'true',
  agentName: 'Command',
  status: 'starting',
  createdAtMs: 1_700_000_000_000,
  startedAtMs: null,
  endedAtMs: null,
  exit: null,
  failure: null,
  axes: [],
  limits: [],
  policy: null,
  governed: null,
  networkNow: null,
  review: null,
  continues: null,
  pendingPrompts: 0,
})

export const eventOf = (seq: number, fact: Fact): TimelineEvent => ({
  seq,
  atMs: 1_700_000_000_000 + seq,
  monoMs: seq,
  fact,
})

/** `session/created`, then `count - 1` reports of activity. */
export const sampleEvents = (id: SessionId, count: number): TimelineEvent[] =>
  Array.from({ length: count }, (_, seq) =>
    eventOf(
      seq,
      seq === 0
        ? { type: 'session/created', session: sampleSession(id) }
        : { type: 'terminal/active', bytes: seq, totalBytes: seq * 10 },
    ),
  )

/** A folder that is removed when the scope that holds it ends. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'cloche-test-'))
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}
