import { randomBytes } from 'node:crypto'
import type {
  ConnectionId,
  ImageJobId,
  PromptId,
  RuleId,
  SessionId,
  TerminalId,
} from '../../shared/domain/ids.ts'

interface Ids {
  ses: SessionId
  trm: TerminalId
  prm: PromptId
  rul: RuleId
  con: ConnectionId
  job: ImageJobId
}

export type NewId = <P extends keyof Ids>(prefix: P) => Ids[P]

/** `ses_…`, `trm_…`, `prm_…`, `rul_…`, `con_…`, `job_…`: 64 random bits, so ids never collide or repeat. */
export const newId: NewId = <P extends keyof Ids>(prefix: P) =>
  `${prefix}_${randomBytes(8).toString('hex')}` as Ids[P]
