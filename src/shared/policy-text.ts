import type { PolicyFile } from './domain/policy-file.ts'

/** As a file to read and change: a line for each host and each rule. */
export const textOfPolicyFile = (policy: PolicyFile): string =>
  [
    '{',
    ...Object.entries(policy)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `  ${JSON.stringify(key)}: ${block(value)},`),
    '}',
    '',
  ].join('\n')

const block = (value: unknown): string =>
  Array.isArray(value) && value.length > 0
    ? ['[', ...value.map((each) => `    ${inOneLine(each)},`), '  ]'].join('\n')
    : inOneLine(value)

const inOneLine = (value: unknown): string =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? `{ ${Object.entries(value)
        .map(([key, each]) => `${JSON.stringify(key)}: ${JSON.stringify(each)}`)
        .join(', ')} }`
    : JSON.stringify(value)
