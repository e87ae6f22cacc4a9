import { useEffect, useState } from 'react'
import type { Posture, PostureFact } from '../../shared/domain/posture.ts'
import type { Session } from '../../shared/domain/session.ts'
import { currentConnection, useConnection } from '../connection.ts'
import { useSessions } from '../stores/sessions.ts'
import { AgentText } from '../ui/text.tsx'
import { LEVEL_NAMES } from '../words/isolation.ts'

const HELD: Readonly<Record<Posture['held'], string>> = {
  all: 'All of it',
  part: 'A part of it',
  none: 'Nothing of it',
  unknown: 'Not known',
}

/** What each installed agent does by itself on this machine, next to what it does under the dome. */
export function AgentPostures() {
  const connection = useConnection()
  const [postures, setPostures] = useState<readonly Posture[] | null>(null)
  useEffect(() => {
    currentConnection()
      ?.api.agent.postures(null)
      .then(setPostures, () => setPostures([]))
  }, [connection])
  if (!postures || postures.length === 0) return null
  return (
    <section className="card-group" aria-label="Agents" data-testid="postures">
      <h2>Agents, by themselves and under the dome</h2>
      <p className="small dim">
        By their version and settings on this machine; each answer says where it comes from.
      </p>
      <div
        className="postures scroll framed"
        tabIndex={0}
        role="group"
        aria-label="Agents compared"
      >
        <table>
          <thead>
            <tr>
              <th scope="col">Agent</th>
              <th scope="col">Sandbox</th>
              <th scope="col">What it holds</th>
              <th scope="col">Reach beyond the folder</th>
              <th scope="col">Held</th>
            </tr>
          </thead>
          {postures.map((posture) => (
            <Rows key={posture.agent} posture={posture} />
          ))}
        </table>
      </div>
    </section>
  )
}

function Rows({ posture }: { posture: Posture }) {
  const { agent, name, version, sandbox, holds, outside, held } = posture
  const last = useSessions((all) => lastProven([...all.byId.values()], agent))
  return (
    <tbody data-testid="posture" data-agent={agent} data-held={held}>
      <tr>
        <th scope="row">
          {name} <span className="small faint num">{version}</span>
          <span className="small dim">by itself</span>
        </th>
        <Fact fact={sandbox} />
        <Fact fact={holds} />
        <Fact fact={outside} />
        <td className={held === 'none' ? 'deny-text' : ''}>{HELD[held]}</td>
      </tr>
      <tr className="under-dome">
        <th scope="row">
          <span className="small dim">under the dome</span>
        </th>
        <td>{last ? LEVEL_NAMES[last.spec.level] : 'OS sandbox or container'}</td>
        <td>All of it: tools, MCP servers, hooks, children</td>
        <td>Nothing of your home; hosts ask</td>
        <td>
          {last ? (
            <>
              {last.axes.filter(({ proven }) => proven === 'enforced').length} of {last.axes.length}{' '}
              axes proven, in “
              <AgentText text={last.title} max={80} bare />”
            </>
          ) : (
            'Not proven yet: no session of it'
          )}
        </td>
      </tr>
    </tbody>
  )
}

const lastProven = (sessions: readonly Session[], agent: Posture['agent']): Session | undefined =>
  sessions
    .filter(
      ({ spec, axes }) => spec.agent === agent && spec.level !== 'unconfined' && axes.length > 0,
    )
    .toSorted((a, b) => a.createdAtMs - b.createdAtMs)
    .at(-1)

function Fact({ fact: { value, from } }: { fact: PostureFact }) {
  return (
    <td title={from}>
      {value}
      <span className="small faint">{from}</span>
    </td>
  )
}
