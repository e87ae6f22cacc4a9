import type { AuditEntry } from '../../shared/domain/audit.ts'
import type { Decision } from '../../shared/domain/policy.ts'
import { wordsOfFact } from './facts.ts'
import { LEVEL_NAMES } from './isolation.ts'
import { wordsOfDecision } from './outcomes.ts'
import { isDenied } from './questions.ts'
import { revealText } from './reveal.ts'

export interface EntryWords {
  readonly who: string
  readonly what: string
  readonly isRefusal: boolean
}

/** One entry for somebody who asks who did what. */
export function wordsOfEntry({ fact, destination, workspace }: AuditEntry): EntryWords {
  const of = (who: string, what: string, isRefusal = false): EntryWords => ({
    who,
    what,
    isRefusal,
  })
  const host = destination ? `${revealText(destination.host, 253)}:${destination.port}` : ''
  switch (fact.type) {
    case 'recording/removed':
      return of('You', 'The recording was removed')
    case 'session/created': {
      const { spec, agentName } = fact.session
      return of('You', `Started ${agentName}, ${LEVEL_NAMES[spec.level]}, in ${workspace}`)
    }
    case 'prompt/answered':
    case 'net/decided': {
      const isRefusal = fact.decision.action === 'deny'
      return of(whoDecided(fact.decision), `${host} · ${wordsOfDecision(fact.decision)}`, isRefusal)
    }
    case 'question/settled':
      return of('You', wordsOfFact(fact), isDenied(fact.outcome))
    case 'net/refused':
      return of('Cloche', `${host} · ${wordsOfFact(fact)}`, true)
    case 'rule/added':
      return of(fact.rule.origin === 'user' ? 'You' : 'Cloche', wordsOfFact(fact))
    case 'network/switched':
      return of(fact.by === 'person' ? 'You' : 'Cloche', wordsOfFact(fact))
    case 'rule/removed':
    case 'port/opened':
    case 'port/closed':
    case 'proc/controlled':
    case 'files/copied':
      return of('You', wordsOfFact(fact))
    default:
      return of('Cloche', wordsOfFact(fact))
  }
}

function whoDecided({ by }: Decision): string {
  switch (by.kind) {
    case 'person':
      return 'You'
    case 'rule':
      return `Rule ${by.ruleId}`
    case 'timeout':
      return 'Nobody in time'
    case 'boundary':
    case 'default':
      return 'Cloche'
  }
}
