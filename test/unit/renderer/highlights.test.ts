import { expect, test } from 'vitest'
import { colourOf, FIRST_RULES } from '../../../src/renderer/stores/highlights.ts'
import type { ConnectionId, RuleId } from '../../../src/shared/domain/ids.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'

const decided = (action: 'allow' | 'deny'): { fact: Fact } => ({
  fact: {
    ...{ type: 'net/decided', connectionId: 'con_0000000000000001' as ConnectionId },
    decision: { action, by: { kind: 'rule', ruleId: 'rul_0000000000000001' as RuleId } },
  },
})

test('the first rule that fits counts, by type or by words, of any case', () => {
  expect(colourOf(decided('deny'), FIRST_RULES)).toBe('red')
  expect(colourOf(decided('allow'), FIRST_RULES)).toBeNull()
  expect(colourOf({ fact: { type: 'isolation/reported', axes: [] } }, FIRST_RULES)).toBe('violet')
  const rules = [{ words: 'NET/', colour: 'blue' } as const, ...FIRST_RULES]
  expect(colourOf(decided('deny'), rules)).toBe('blue')
  expect(colourOf(decided('deny'), [{ words: ' ', colour: 'green' }])).toBeNull()
})
