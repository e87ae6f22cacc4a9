import type Docker from 'dockerode'
import type { EngineEntry, EngineRefusal } from '../../../shared/domain/engine.ts'
import { err, ok, type Result } from '../../../shared/result.ts'
import type { DocumentStore } from '../../core/ports.ts'
import { wordsOfEngine } from './diagnose-containers.ts'
import {
  connectEngine,
  type Engine,
  type EngineFound,
  findEngine,
  findEngines,
  look,
  type Variables,
} from './engines.ts'

/** Which engine makes containers: the one a person chose, else the first that answers. */
export interface EngineChoice {
  readonly env: Variables
  /** null: none answers; a chosen one is not replaced by another. */
  engine(): Promise<Engine | null>
  client(): Promise<Docker | null>
  /** Every engine of this machine, what is of no use as well. */
  found(): Promise<EngineFound[]>
  list(): Promise<EngineEntry[]>
  choose(socket: string | null): Promise<Result<null, EngineRefusal>>
}

export function createEngineChoice(
  env: Variables,
  document: Pick<DocumentStore<string | null>, 'save'>,
  kept: string | null,
): EngineChoice {
  let chosen = kept
  const engine = async (): Promise<Engine | null> => {
    if (chosen === null) return findEngine(env)
    const found = await look(chosen)
    return found?.state === 'answers' ? found : null
  }
  const found = async (): Promise<EngineFound[]> => {
    const all = await findEngines(env)
    if (chosen === null || all.some(({ socket }) => socket === chosen)) return all
    return [
      (await look(chosen)) ?? { socket: chosen, state: 'silent', reason: 'it is gone' },
      ...all,
    ]
  }
  return {
    env,
    engine,
    client: async () => {
      const used = await engine()
      return used && connectEngine(used.socket)
    },
    found,
    list: async () => {
      const all = await found()
      const first = all.find(({ state }) => state === 'answers')?.socket
      return all.map((each) => ({
        ...{ socket: each.socket, state: each.state, words: wordsOfEngine(each) },
        isUsed: each.socket === (chosen ?? first),
      }))
    },
    choose: async (socket) => {
      if (socket !== null) {
        const wanted = (await found()).find((each) => each.socket === socket)
        if (wanted?.state !== 'answers')
          return err({
            type: 'engine_refused',
            detail: `The engine at ${socket} ${wanted ? wordsOfEngine(wanted) : 'is not there'}.`,
          })
      }
      await document.save(socket)
      chosen = socket
      return ok(null)
    },
  }
}
