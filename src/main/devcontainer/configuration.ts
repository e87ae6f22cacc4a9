import { parse, type ParseError, printParseErrorCode } from 'jsonc-parser'
import { z } from 'zod'
import { err, ok, type Result } from '../../shared/result.ts'

const Command = z.union([z.string(), z.array(z.string())])
const Commands = z.union([Command, z.record(z.string(), Command)])
export type Commands = z.infer<typeof Commands>

const Mount = z.union([
  z.string(),
  z.looseObject({ type: z.string().optional(), source: z.string().optional(), target: z.string() }),
])
const Port = z.union([z.number().int().min(1).max(65_535), z.string()])

/** What of devcontainer.json has a meaning here; the rest is kept to be named. */
export const Configuration = z.looseObject({
  name: z.string().optional(),
  image: z.string().optional(),
  build: z
    .looseObject({
      dockerfile: z.string().optional(),
      context: z.string().optional(),
      target: z.string().optional(),
      args: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  /** As it was once written. */
  dockerFile: z.string().optional(),
  context: z.string().optional(),
  dockerComposeFile: z.union([z.string(), z.array(z.string())]).optional(),
  service: z.string().optional(),
  runServices: z.array(z.string()).optional(),
  overrideCommand: z.boolean().optional(),
  features: z.record(z.string(), z.unknown()).optional(),
  forwardPorts: z.array(Port).optional(),
  containerEnv: z.record(z.string(), z.string()).optional(),
  remoteEnv: z.record(z.string(), z.string().nullable()).optional(),
  mounts: z.array(Mount).optional(),
  workspaceMount: z.string().optional(),
  workspaceFolder: z.string().optional(),
  runArgs: z.array(z.string()).optional(),
  privileged: z.boolean().optional(),
  capAdd: z.array(z.string()).optional(),
  securityOpt: z.array(z.string()).optional(),
  containerUser: z.string().optional(),
  remoteUser: z.string().optional(),
  waitFor: z.string().optional(),
  userEnvProbe: z.string().optional(),
  initializeCommand: Commands.optional(),
  onCreateCommand: Commands.optional(),
  updateContentCommand: Commands.optional(),
  postCreateCommand: Commands.optional(),
  postStartCommand: Commands.optional(),
  postAttachCommand: Commands.optional(),
})
export type Configuration = z.infer<typeof Configuration>

/** JSON with comments. What is wrong with it is a sentence with its line. */
export function parseConfiguration(text: string): Result<Configuration, string> {
  const errors: ParseError[] = []
  const value: unknown = parse(text, errors, { allowTrailingComma: true, disallowComments: false })
  const [first] = errors
  if (first) {
    const before = text.slice(0, first.offset).split('\n')
    const column = (before.at(-1)?.length ?? 0) + 1
    const what = printParseErrorCode(first.error)
      .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
      .toLowerCase()
    return err(`Line ${before.length}, column ${column}: ${what}.`)
  }
  const found = Configuration.safeParse(value)
  if (found.success) return ok(found.data)
  const [issue] = found.error.issues
  return err(`${issue?.path.join('.') || 'The file'}: ${issue?.message ?? 'it is not known'}.`)
}

/** As a person would read it. */
export function textOfCommands(commands: Commands): string {
  if (typeof commands === 'string') return commands
  if (Array.isArray(commands)) return commands.join(' ')
  return Object.entries(commands)
    .map(([name, each]) => `${name}: ${textOfCommands(each)}`)
    .join('\n')
}
