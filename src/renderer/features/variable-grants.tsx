import { useId, useState } from 'react'
import type { VariableGrant, VariableList } from '../../shared/domain/variables.ts'
import { setDetails, standInProblem, useDetails } from '../stores/draft-details.ts'
import { useVariables } from '../stores/variables.ts'
import { Button } from '../ui/button.tsx'
import { plural } from '../words/format.ts'
import { hostsFor } from '../words/credential-hosts.ts'

export const sumUpVariables = (grants: readonly VariableGrant[]): string =>
  grants.length === 0 ? 'None of yours' : plural(grants.length, 'variable')

const SOURCES = { machine: 'as set on this machine', kept: 'kept by Cloche' } as const

/** Single variables let into this session. Everything else of the environment stays outside. */
export function VariableGrants() {
  const grants = useDetails((details) => details.variables)
  const list = useVariables((state) => state.list)
  const change = (name: string, patch: Partial<VariableGrant>): void =>
    setDetails({
      variables: grants.map((grant) => (grant.name === name ? { ...grant, ...patch } : grant)),
    })
  return (
    <div className="stack">
      {grants.length > 0 && (
        <ul className="rule-list framed" aria-label="Variables let in">
          {grants.map((grant) => {
            const { name, source, isSecret, standInFor } = grant
            const problem = standInProblem(grant)
            return (
              <li key={name} className="rule-row" data-testid="variable-grant" data-name={name}>
                <div className="stack grow">
                  <span className="row">
                    <span className="mono">{name}</span>
                    <span className="small faint">{SOURCES[source]}</span>
                  </span>
                  <StandInChoice
                    name={name}
                    hosts={standInFor}
                    onChange={(hosts) => change(name, { standInFor: hosts })}
                  />
                  <label className="check small">
                    <input
                      type="checkbox"
                      checked={isSecret || standInFor !== undefined}
                      disabled={standInFor !== undefined}
                      onChange={(event) => change(name, { isSecret: event.target.checked })}
                    />
                    Blot it out of recordings
                  </label>
                  {problem && (
                    <p className="field-problem" role="alert">
                      {problem}
                    </p>
                  )}
                </div>
                <Button
                  look="quiet"
                  icon="trash"
                  aria-label={`Leave ${name} outside`}
                  onClick={() =>
                    setDetails({ variables: grants.filter((item) => item.name !== name) })
                  }
                />
              </li>
            )
          })}
        </ul>
      )}
      {list && <AddGrant list={list} grants={grants} />}
      <p className="hint">
        {list?.storage.detail} Keep values of your own under Doctor and settings.
      </p>
    </div>
  )
}

/** Hand the value over, or let only the gateway have it. */
function StandInChoice({
  name,
  hosts,
  onChange,
}: {
  name: string
  hosts: readonly string[] | undefined
  onChange: (hosts: string[] | undefined) => void
}) {
  const [text, setText] = useState((hosts ?? hostsFor(name)).join(', '))
  const read = (typed: string): string[] => typed.split(/[\s,]+/).filter((host) => host !== '')
  return (
    <div className="stack-tight">
      <label className="check small">
        <input
          type="checkbox"
          checked={hosts !== undefined}
          onChange={(event) => onChange(event.target.checked ? read(text) : undefined)}
          data-testid="stand-in"
        />
        Keep the value outside: the gateway puts it into requests to these hosts
      </label>
      {hosts !== undefined && (
        <input
          className="input mono small"
          aria-label={`Hosts that get the value of ${name}`}
          placeholder="api.example.org"
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => {
            setText(event.target.value)
            onChange(read(event.target.value))
          }}
          data-testid="stand-in-hosts"
        />
      )}
    </div>
  )
}

function AddGrant({ list, grants }: { list: VariableList; grants: readonly VariableGrant[] }) {
  const [name, setName] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const namesId = useId()
  const kept = list.kept.map((item) => item.name)
  const add = (): void => {
    if (grants.some((grant) => grant.name === name)) return setProblem(`${name} is let in already.`)
    const source = kept.includes(name) ? 'kept' : list.machine.includes(name) ? 'machine' : null
    if (!source)
      return setProblem(
        name === ''
          ? 'Type or choose a name.'
          : `${name} is neither kept nor set on this machine, or is never let in.`,
      )
    setDetails({ variables: [...grants, { name, source, isSecret: true }] })
    setName('')
    setProblem(null)
  }
  return (
    <>
      <div className="row">
        <input
          className="input mono grow"
          list={namesId}
          aria-label="Variable to let in"
          placeholder="NAME"
          autoComplete="off"
          spellCheck={false}
          value={name}
          onChange={(event) => setName(event.target.value.trim())}
          onKeyDown={(event) => event.key === 'Enter' && add()}
          data-testid="grant-name"
        />
        <datalist id={namesId}>
          {[...kept, ...list.machine.filter((item) => !kept.includes(item))].map((item) => (
            <option key={item} value={item} />
          ))}
        </datalist>
        <Button small icon="add" onClick={add} data-testid="grant-add">
          Let in
        </Button>
      </div>
      {problem && (
        <p className="field-problem" role="alert" data-testid="grant-problem">
          {problem}
        </p>
      )}
    </>
  )
}
