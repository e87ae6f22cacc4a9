import type { StartFailure } from '../../../shared/domain/session.ts'
import { err, type Result } from '../../../shared/result.ts'
import { RefusedPath } from './entries.ts'

/** A path that cannot be held is the person's to change; anything else is a fault. */
export async function orRefused<T>(
  work: () => Promise<Result<T, StartFailure>>,
): Promise<Result<T, StartFailure>> {
  try {
    return await work()
  } catch (cause) {
    if (!(cause instanceof RefusedPath)) throw cause
    return err({ type: 'file_rule_refused', path: cause.path, reason: cause.message })
  }
}
