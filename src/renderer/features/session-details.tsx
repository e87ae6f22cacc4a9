import { useEffect, useMemo } from 'react'
import { type IsolationLevel, mayHaveImage } from '../../shared/domain/isolation.ts'
import {
  hasOwnSandbox,
  limitRow,
  limitsOf,
  standInProblem,
  useDetails,
} from '../stores/draft-details.ts'
import { mayLearn } from '../../shared/domain/session.ts'
import { findDevContainers, useChosenDevContainer } from '../stores/dev-containers.ts'
import { useDraft } from '../stores/draft.ts'
import { followJobs, refreshImages } from '../stores/engines.ts'
import { useMachine } from '../stores/machine.ts'
import { Disclosure } from '../ui/disclosure.tsx'
import { problemsOfPaths, sumUpFiles } from '../words/file-rules.ts'
import { innerChoices, sumUpInner } from '../words/inner-sandbox.ts'
import { LIMIT_NAMES, LIMITS, sumUpLimits } from '../words/limits.ts'
import { ContainerImage, sumUpImage } from './container-image.tsx'
import {
  DevContainerPart,
  useDevContainerProblem,
  useDevContainerSummary,
} from './dev-container.tsx'
import { FileRules } from './file-rules.tsx'
import { sumUpVariables, VariableGrants } from './variable-grants.tsx'
import { LimitFields, useDefaultLimits } from './limit-fields.tsx'
import { PresetGrants, sumUpHosts } from './preset-grants.tsx'

/** What a person need not think about, closed, each part with one line that says what is in it. */
export function SessionDetails({ level }: { level: IsolationLevel }) {
  const agent = useDraft((draft) => draft.agent)
  const grants = useDraft((draft) => draft.grants)
  const { rules, maskSecrets, variables, inspectTls, image, limits } = useDetails()
  const problems = useRuleProblems()
  const limitProblem = useLimitProblem()
  const defaults = useDefaultLimits()
  const standIn = useStandInProblem()
  const isBound = level !== 'unconfined'
  const devContainer = useDevContainerSummary()
  const devContainerProblem = useDevContainerProblem()
  const chosenDev = useChosenDevContainer()
  const workspace = useDraft((draft) => draft.workspace)
  useEffect(() => {
    if (level === 'container') void findDevContainers(workspace)
  }, [level, workspace])
  useEffect(() => {
    if (!mayHaveImage(level)) return
    void refreshImages()
    return followJobs()
  }, [level])
  return (
    <div className="disclosures" data-testid="session-details">
      {isBound && (
        <Disclosure
          title="Files"
          summary={sumUpFiles(rules.length, maskSecrets)}
          problem={problems.find((problem) => problem !== null) ?? null}
          testId="files-part"
        >
          <FileRules problems={problems} mayLearn={level !== null && mayLearn(level)} />
        </Disclosure>
      )}
      {level === 'container' && (
        <Disclosure
          title="Dev container"
          summary={devContainer}
          problem={devContainerProblem}
          testId="dev-container-part"
        >
          <DevContainerPart />
        </Disclosure>
      )}
      {(level === 'vm' || (level === 'container' && chosenDev === null)) && (
        <Disclosure title="Image" summary={sumUpImage(image, level)} testId="image-part">
          <ContainerImage level={level} />
        </Disclosure>
      )}
      {isBound && (
        <Disclosure
          title="Limits"
          summary={sumUpLimits(limitsOf(limits, defaults))}
          problem={limitProblem}
          testId="limits-part"
        >
          <LimitFields />
        </Disclosure>
      )}
      {isBound && (
        <Disclosure
          title="Hosts"
          summary={sumUpHosts(grants.length, inspectTls)}
          testId="hosts-part"
        >
          <PresetGrants />
        </Disclosure>
      )}
      <Disclosure
        title="Variables"
        summary={sumUpVariables(variables)}
        problem={standIn}
        testId="variables-part"
      >
        <VariableGrants />
      </Disclosure>
      {hasOwnSandbox(agent) && (
        <Disclosure title="The agent’s own sandbox" summary={sumUpInner(level)} testId="inner-part">
          <InnerSandbox level={level} />
        </Disclosure>
      )}
    </div>
  )
}

function InnerSandbox({ level }: { level: IsolationLevel }) {
  return (
    <ul className="stack" aria-label="The agent’s own sandbox">
      {innerChoices(level).map(({ name, effect, isInForce }) => (
        <li key={name} className="stack-tight" data-in-force={isInForce}>
          <span>
            {name} {isInForce && <span className="chip">In force</span>}
          </span>
          <span className="small dim">{effect}</span>
        </li>
      ))}
    </ul>
  )
}

function useRuleProblems(): readonly (string | null)[] {
  const rules = useDetails((details) => details.rules)
  const workspace = useDraft((draft) => draft.workspace)
  const home = useMachine((machine) => machine.info?.home ?? null)
  return useMemo(
    () =>
      problemsOfPaths(
        rules.map(({ path }) => path),
        { workspace, home },
      ),
    [rules, workspace, home],
  )
}

function useLimitProblem(): string | null {
  const limits = useDetails((details) => details.limits)
  const defaults = useDefaultLimits()
  for (const limit of LIMIT_NAMES) {
    const { problem } = limitRow(limit, limits[limit], defaults)
    if (problem) return `${LIMITS[limit].name}: ${problem}`
  }
  return null
}

function useStandInProblem(): string | null {
  const variables = useDetails((details) => details.variables)
  return variables.map(standInProblem).find((problem) => problem !== null) ?? null
}

/** The first thing to correct, as a sentence; null: none, or nothing that counts at this level. */
export function useDetailsProblem(level: IsolationLevel | null): string | null {
  const problems = useRuleProblems()
  const limitProblem = useLimitProblem()
  const variableProblem = useStandInProblem()
  const devProblem = useDevContainerProblem()
  if (level === 'unconfined') return variableProblem
  const at = problems.findIndex((problem) => problem !== null)
  const rest = limitProblem ?? variableProblem ?? (level === 'container' ? devProblem : null)
  return at === -1 ? rest : `File rule ${at + 1}: ${problems[at]}`
}
