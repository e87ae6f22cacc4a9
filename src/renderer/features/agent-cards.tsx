import type { AgentInfo } from '../../shared/domain/agent.ts'
import { chooseAgent, isFound, setDraft, toggleGrant, useDraft } from '../stores/draft.ts'
import { Check } from '../ui/choices.tsx'
import { CommandLine } from '../ui/copy.tsx'
import { Loading } from '../ui/states.tsx'

/** Found first; the rest says how to get it. */
export function AgentCards() {
  const agents = useDraft((draft) => draft.agents)
  const chosen = useDraft((draft) => draft.agent)
  if (!agents) return <Loading what="agents" rows={3} />
  const missing = agents.filter((agent) => !isFound(agent))
  return (
    <fieldset className="stack" aria-label="Agent">
      <div className="agent-cards" data-testid="agent-cards">
        {agents.filter(isFound).map((agent) => (
          <label
            key={agent.id}
            className="agent-card"
            data-testid={`agent-${agent.id}`}
            data-found="true"
          >
            <input
              type="radio"
              name="agent"
              className="visually-hidden"
              checked={agent.id === chosen}
              onChange={() => chooseAgent(agent.id)}
            />
            <AgentMonogram agent={agent} />
            <span className="stack-tight grow">
              <b className="clip">{agent.name}</b>
              <span className="small dim clip" title={agent.executable ?? undefined}>
                {wordsOf(agent)}
              </span>
            </span>
          </label>
        ))}
      </div>
      {missing.length > 0 && (
        <details className="agents-missing" data-testid="agents-missing">
          <summary className="small">
            Not found: {missing.map((agent) => agent.name).join(', ')}
          </summary>
          <ul className="stack">
            {missing.map((agent) => (
              <li
                key={agent.id}
                className="stack-tight"
                data-testid={`agent-${agent.id}`}
                data-found="false"
              >
                <span className="small dim">
                  Install {agent.name}, then open this dialog again:
                </span>
                {agent.install && <CommandLine command={agent.install} />}
              </li>
            ))}
          </ul>
        </details>
      )}
    </fieldset>
  )
}

const wordsOf = ({ id, version, foundIn, executable }: AgentInfo): string => {
  if (id === 'command') return 'Any program, as typed'
  if (id === 'shell') return executable ?? 'Your login shell'
  const place = foundIn === 'workspace' ? 'in this workspace' : 'on PATH'
  return version ? `${version} ${place}` : `found ${place}`
}

/** Identity colours keep away from red, amber and green, which mean something here. */
function AgentMonogram({ agent }: { agent: AgentInfo }) {
  const letters =
    agent.id === 'shell' ? '$_' : agent.id === 'command' ? '>' : agent.name.slice(0, 2)
  return (
    <span className={`monogram ${agent.id}`} aria-hidden="true">
      {letters}
    </span>
  )
}

/** The hosts an agent says it needs: offered, none ticked. */
export function GrantList({ agent }: { agent: AgentInfo }) {
  const { grants, network } = useDraft()
  if (agent.hosts.length === 0) return null
  const all = agent.hosts.map(({ host }) => host)
  const hasAll = all.every((host) => grants.includes(host))
  return (
    <fieldset className="field" data-testid="grants">
      <div className="row">
        <span className="legend grow">Hosts {agent.name} needs</span>
        <button
          type="button"
          className="link small"
          onClick={() => setDraft({ grants: hasAll ? [] : all })}
          data-testid="grant-all"
        >
          {hasAll ? 'Clear' : 'Allow all of them'}
        </button>
      </div>
      <div className="check-list">
        {agent.hosts.map(({ host, why }) => (
          <label key={host} className="check">
            <input
              type="checkbox"
              checked={grants.includes(host)}
              onChange={() => toggleGrant(host)}
              data-testid="grant-host"
              data-host={host}
            />
            <span className="row wrap">
              <span className="mono">{host}</span>
              <span className="small dim">{why}</span>
            </span>
          </label>
        ))}
      </div>
      <p className="hint">
        Allowed for this session only. Unticked hosts{' '}
        {network === 'ask' ? 'ask when they are needed.' : 'are denied.'}
      </p>
    </fieldset>
  )
}

export function SignIn({ agent }: { agent: AgentInfo }) {
  const useSignIn = useDraft((draft) => draft.useSignIn)
  if (agent.signIn.length === 0) return null
  return (
    <fieldset className="field">
      <span className="legend">Sign-in</span>
      <Check
        name="Use my sign-in"
        checked={useSignIn}
        onChange={(checked) => setDraft({ useSignIn: checked })}
        testId="use-sign-in"
      >
        Copies into the session’s own home, where the agent can read{' '}
        {agent.signIn.length === 1 ? 'it' : 'them'}:{' '}
        {agent.signIn.map((file, index) => (
          <span key={file}>
            {index > 0 && ', '}
            <code className="mono">{file}</code>
          </span>
        ))}
      </Check>
    </fieldset>
  )
}

/** What any program is, or what an agent is started with on top. */
export function CommandField() {
  const agent = useDraft((draft) => draft.agent)
  const command = useDraft((draft) => draft.command)
  const args = useDraft((draft) => draft.args)
  if (agent === null || agent === 'shell') return null
  if (agent !== 'command')
    return (
      <label className="field">
        <span className="legend">Arguments</span>
        <input
          className="input mono"
          spellCheck={false}
          placeholder="None"
          value={args}
          onChange={(event) => setDraft({ args: event.target.value })}
          data-testid="agent-args"
        />
      </label>
    )
  return (
    <label className="field">
      <span className="legend">Command line</span>
      <input
        className="input mono"
        autoFocus
        spellCheck={false}
        placeholder="npm run dev"
        value={command}
        onChange={(event) => setDraft({ command: event.target.value })}
        data-testid="command-line"
      />
      <span className="hint">
        Split into words, never given to a shell. For pipes write sh -c '…'.
      </span>
    </label>
  )
}
