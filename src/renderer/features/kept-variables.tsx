import { useState } from 'react'
import { VariableName } from '../../shared/domain/variables.ts'
import { forgetVariable, keepVariable, useVariables } from '../stores/variables.ts'
import { Button } from '../ui/button.tsx'

const PLACES = { keyring: 'encrypted on disk', memory: 'until Cloche ends' } as const

/** Values a person gave to Cloche, by name. They go in here and never come out again. */
export function KeptVariables() {
  const list = useVariables((state) => state.list)
  if (!list) return null
  return (
    <section className="card-group" aria-label="Kept variables" data-testid="kept-variables">
      <h2>Kept variables</h2>
      <p className="small dim">
        Let into a session one by one, when you start it. {list.storage.detail}
      </p>
      {list.kept.length > 0 && (
        <ul className="rule-list framed">
          {list.kept.map(({ name, place }) => (
            <li key={name} className="rule-row" data-testid="kept-variable" data-name={name}>
              <span className="mono grow">{name}</span>
              <span className="small faint">{PLACES[place]}</span>
              <Button small onClick={() => void forgetVariable(name)} data-testid="forget-variable">
                Forget
              </Button>
            </li>
          ))}
        </ul>
      )}
      <KeepForm />
    </section>
  )
}

function KeepForm() {
  const [name, setName] = useState('')
  const [value, setValue] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const keep = async (): Promise<void> => {
    if (!VariableName.safeParse(name).success)
      return setProblem('A name holds letters, digits and underscores, and starts with no digit.')
    if (value === '') return setProblem('Type the value to keep.')
    const failed = await keepVariable(name, value)
    setProblem(failed)
    if (failed) return
    setName('')
    setValue('')
  }
  return (
    <div className="stack" onKeyDown={(event) => event.key === 'Enter' && void keep()}>
      <div className="keep-form">
        <input
          className="input mono"
          aria-label="Name of the variable"
          placeholder="NAME"
          autoComplete="off"
          spellCheck={false}
          value={name}
          onChange={(event) => setName(event.target.value.trim())}
          data-testid="variable-name"
        />
        <input
          className="input mono grow"
          type="password"
          aria-label="Value of the variable"
          placeholder="Value"
          autoComplete="off"
          value={value}
          onChange={(event) => setValue(event.target.value)}
          data-testid="variable-value"
        />
        <Button onClick={() => void keep()} data-testid="keep-variable">
          Keep
        </Button>
      </div>
      {problem && (
        <p className="field-problem" role="alert" data-testid="variable-problem">
          {problem}
        </p>
      )}
    </div>
  )
}
