import {
  findNodeAtLocation,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
  getNodeValue,
} from 'jsonc-parser'
import { PolicyFile, type PolicyProblem } from '../../shared/domain/policy-file.ts'
import { err, ok, type Result } from '../../shared/result.ts'

/** The reader calls itself for each level, and runs out of room. */
export const TOO_DEEP = 'it is nested too deeply to be read'

export const lineAt = (text: string, offset: number): number =>
  text.slice(0, offset).split('\n').length

/** "value expected" */
export const wordsOfParseError = ({ error }: ParseError): string =>
  printParseErrorCode(error)
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()

/** JSON with comments, held to the schema. What is wrong is named with its line and key. */
export function parsePolicy(text: string): Result<PolicyFile, PolicyProblem> {
  const errors: ParseError[] = []
  let tree: Node | undefined
  try {
    tree = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false })
  } catch {
    return err({ line: null, key: null, reason: TOO_DEEP })
  }
  const [first] = errors
  if (first) {
    const reason = wordsOfParseError(first)
    return err({ line: lineAt(text, first.offset), key: null, reason })
  }
  if (!tree)
    return err({ line: 1, key: null, reason: 'it is empty; {} is a policy that says nothing' })
  const found = PolicyFile.safeParse(getNodeValue(tree))
  if (found.success) return ok(found.data)
  const [issue] = found.error.issues
  const path = (issue?.path ?? []).filter((part) => typeof part !== 'symbol')
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const wanted = unknown === undefined ? path : [...path, unknown]
  const node = nodeOf(tree, wanted)
  return err({
    line: node ? lineAt(text, node.offset) : null,
    key: wanted.join('.') || null,
    reason: unknown === undefined ? (issue?.message ?? 'it is not known') : 'there is no such key',
  })
}

/** The value, or the nearest that holds it. */
function nodeOf(tree: Node, path: readonly (string | number)[]): Node | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node = findNodeAtLocation(tree, path.slice(0, length))
    if (node) return node
  }
  return undefined
}
