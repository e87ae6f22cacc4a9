import type { ProcessKey, ProcessNode } from '../../shared/domain/process.ts'
import type { ProcessForest } from '../stores/process-forest.ts'
import { useViewStore } from '../stores/view.ts'
import { CopyButton } from '../ui/copy.tsx'
import { treeAsJson, treeAsText } from '../words/processes.ts'

interface ProcessCopiesProps {
  readonly from: ProcessKey
  readonly forest: ProcessForest
}

/** A process and all below it, to paste elsewhere. Made when it is asked for: it may be long. */
export function ProcessCopies({ from, forest }: ProcessCopiesProps) {
  const view = useViewStore()
  const nodes = (): ProcessNode[] => {
    const { processes } = view.getState().state
    return forest.below(from).flatMap((key) => processes.get(key) ?? [])
  }
  const text = (): string => {
    const top = forest.pathTo(from).length
    return treeAsText(
      nodes().map((node) => ({ node, depth: forest.pathTo(node.key).length - top })),
    )
  }
  return (
    <div className="row" data-testid="process-copies">
      <CopyButton text={text} label="Copy text" />
      <CopyButton text={() => treeAsJson(nodes())} label="Copy JSON" />
    </div>
  )
}
