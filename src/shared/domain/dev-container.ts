import { z } from 'zod'
import { ImageName } from './image-name.ts'

/** Paths of a configuration, relative to the workspace. */
export const DevContainerPath = z
  .string()
  .max(512)
  .regex(/^\.devcontainer(\.json|\/(?!\.{1,2}\/)([^/]+\/)?devcontainer\.json)$/)

/** One configuration as a person saw it: when its hash is another, they are asked again. */
export const DevContainerChoice = z.strictObject({
  path: DevContainerPath,
  /** SHA-256, hex, of the configuration and of its Dockerfile. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
})
export type DevContainerChoice = z.infer<typeof DevContainerChoice>

/** What a session names: the one that a person saw, to work in or to set up. */
export const SessionDevContainer = DevContainerChoice.extend({
  /** Its create commands run in the place of an agent, and what they leave in the home is kept. */
  setsUp: z.literal(true).optional(),
})
export type SessionDevContainer = z.infer<typeof SessionDevContainer>

/** They run once, when it is set up, in this order. */
export const CREATE_COMMANDS = [
  'onCreateCommand',
  'updateContentCommand',
  'postCreateCommand',
] as const
/** They run at every start of a session, in this order. */
export const START_COMMANDS = ['postStartCommand', 'postAttachCommand'] as const

export const LifecycleCommand = z.strictObject({
  name: z.enum([...CREATE_COMMANDS, ...START_COMMANDS]),
  /** To read; what runs is made from the configuration again. */
  text: z.string(),
})
export type LifecycleCommand = z.infer<typeof LifecycleCommand>

/** What a configuration asks for that would weaken the wall, and what becomes of it. */
export const DevContainerRisk = z.strictObject({ asks: z.string(), answer: z.string() })
export type DevContainerRisk = z.infer<typeof DevContainerRisk>

/** A dev container's configuration in a workspace, read and not run. */
export const DevContainer = z.strictObject({
  ...DevContainerChoice.shape,
  name: z.string(),
  /** Why it cannot be used, as a sentence; null: it can. */
  problem: z.string().nullable(),
  /** What a session is started from, or what is set up. */
  image: ImageName.nullable(),
  /** What its create commands make of that image, and sessions start from; null: it has none. */
  setUpImage: ImageName.nullable(),
  /** How the image comes to be: pulled, or made here from a Dockerfile or with features. */
  made: z.enum(['pulled', 'built']),
  risks: z.array(DevContainerRisk),
  /** They run inside the wall, in this order: see `CREATE_COMMANDS` and `START_COMMANDS`. */
  commands: z.array(LifecycleCommand),
  /** A command for this machine; null: none. It runs only when a person says so. */
  initialize: z.string().nullable(),
  features: z.array(z.string()),
  /** Services of its Compose files beside the one it works in, and of what they are made. */
  notStarted: z.array(z.strictObject({ name: z.string(), from: z.string().nullable() })),
  ports: z.array(z.number().int()),
  /** Names of variables that it sets, or wants from this machine. */
  sets: z.array(z.string()),
  wants: z.array(z.string()),
  /** Keys that have no effect here, each with why. */
  ignored: z.array(z.string()),
})
export type DevContainer = z.infer<typeof DevContainer>
