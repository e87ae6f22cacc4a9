import { LEVEL } from './level.ts'
import { BASIC_SPEC, type SessionSpec } from '../../src/shared/domain/session.ts'

export const shellSpec = (workspace: string, command: string): SessionSpec => ({
  agent: 'command',
  command,
  workspace,
  level: LEVEL,
  title: null,
  network: 'ask',
  grants: [],
  useSignIn: false,
  ...BASIC_SPEC,
  acknowledgement: null,
})
