import { randomBytes } from 'node:crypto'

/** `ses_…`, `prm_…`, `rul_…`, `con_…`: 64 random bits, so ids never collide or repeat. */
export const newId = (prefix: 'ses' | 'prm' | 'rul' | 'con'): string =>
  `${prefix}_${randomBytes(8).toString('hex')}`
