import type { AxisReport } from '../../src/shared/domain/isolation.ts'

/** What to throw when something did not start: first what is not as it should be, as reports are cut. */
export function failure(
  refusal: { readonly type: string; readonly axes?: readonly AxisReport[] },
  terminal?: string,
): Error {
  const { type, axes = [] } = refusal
  const words = axes.flatMap(({ axis, evidence }) =>
    evidence
      .filter(({ verdict }) => verdict !== 'held')
      .map(({ attempt, outcome, verdict }) => `${axis} ${verdict}: ${attempt}: ${outcome}`),
  )
  const said = words.length > 0 ? `${type}: ${words.join('; ')}` : JSON.stringify(refusal)
  return new Error(terminal === undefined ? said : `${said}\n${terminal}`)
}
