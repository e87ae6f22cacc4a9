import { z } from 'zod'
import { CopyRequest } from './copy.ts'
import { DevContainerChoice } from './dev-container.ts'
import { ImageName } from './image-name.ts'
import { ImageJobId, SessionId } from './ids.ts'

/** An image of the container engine. */
export const EngineImage = z.strictObject({
  /** As a session names it: a tag, or the id where it has none. */
  name: z.string(),
  sizeBytes: z.number(),
  createdAtMs: z.number(),
})
export type EngineImage = z.infer<typeof EngineImage>

/** A Docker-compatible engine that was found on this machine. */
export const EngineEntry = z.strictObject({
  /** Path of its socket, or where `DOCKER_HOST` or the context leads. */
  socket: z.string(),
  state: z.enum(['answers', 'refused', 'silent', 'remote']),
  /** "Docker 20.10.24; control groups 1 by cgroupfs; storage overlay2", or why it is of no use. */
  words: z.string(),
  /** New sessions in containers are made by it. */
  isUsed: z.boolean(),
})
export type EngineEntry = z.infer<typeof EngineEntry>

/** A container that Cloche made: nothing else is listed or touched. */
export const OwnContainer = z.strictObject({
  id: z.string(),
  name: z.string(),
  kind: z.enum(['session', 'network', 'look']),
  sessionId: SessionId.nullable(),
  image: z.string(),
  /** The engine's own word: `created`, `running`, `paused`, `exited`, … */
  state: z.string(),
  createdAtMs: z.number(),
  /** Its host is gone: nobody but a person will use or remove it. */
  isLeft: z.boolean(),
})
export type OwnContainer = z.infer<typeof OwnContainer>

/** `null` containers: the engine does not answer; what it has is not known. */
export const ContainerList = z.strictObject({ containers: z.array(OwnContainer).nullable() })
export type ContainerList = z.infer<typeof ContainerList>

export const ContainerUsage = z.strictObject({
  /** Wall clock, ms. */
  atMs: z.number(),
  /** Of one processor: 200 is two of them. */
  cpuPercent: z.number(),
  memoryBytes: z.number(),
  /** Since the container was started. */
  readBytes: z.number(),
  writtenBytes: z.number(),
  processes: z.number(),
})
export type ContainerUsage = z.infer<typeof ContainerUsage>

/** What could be removed, and how much room it takes. */
export const Removable = z.strictObject({
  /** `disk`: of an image, for machines; kept on this machine and not by the engine. */
  kind: z.enum(['container', 'image', 'disk']),
  id: z.string(),
  name: z.string(),
  sizeBytes: z.number(),
  /** null: that is not known. */
  usedAtMs: z.number().nullable(),
  why: z.string(),
})
export type Removable = z.infer<typeof Removable>

export const EngineRefusal = z.strictObject({
  type: z.literal('engine_refused'),
  /** A sentence, the engine's own words where it has some. */
  detail: z.string(),
})
export type EngineRefusal = z.infer<typeof EngineRefusal>

/** What a person asks an engine to get or make. */
export const ImageRequest = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('pull'), name: ImageName }),
  /** From a Dockerfile in a folder of the person's; secrets of the folder are left out. */
  z.strictObject({
    kind: z.literal('build'),
    folder: z.string().min(1).max(4096),
    /** Below the folder. */
    dockerfile: z.string().min(1).max(1024),
    name: ImageName,
    /** Whether its steps reach the network, outside of every boundary. */
    network: z.enum(['none', 'engine']),
  }),
  /** Of a dev container in a workspace, as the person saw it. */
  z.strictObject({
    kind: z.literal('dev'),
    folder: z.string().min(1).max(4096),
    choice: DevContainerChoice,
    name: ImageName,
    /** Its `initializeCommand` runs on this machine first, outside of every boundary. */
    initializes: z.boolean(),
  }),
  /** The image of agents that comes with Cloche. */
  z.strictObject({ kind: z.literal('agents') }),
  /** Kernel and programs that machines start with, where this computer's own are of no use for it. */
  z.strictObject({ kind: z.literal('machine') }),
  /** A file made by `docker save`, or the files of a system in a tar. */
  z.strictObject({
    kind: z.literal('import'),
    path: z.string().min(1).max(4096),
    name: ImageName,
  }),
  /** The disk of an image of the engine, for machines whose system it is. */
  z.strictObject({ kind: z.literal('disk'), name: ImageName }),
])
export type ImageRequest = z.infer<typeof ImageRequest>

/** What takes its time, and is told of while it goes on. */
export const JobRequest = z.discriminatedUnion('kind', [
  ...ImageRequest.options,
  ...CopyRequest.options,
])
export type JobRequest = z.infer<typeof JobRequest>

export const isCopy = (request: JobRequest): request is CopyRequest =>
  request.kind === 'copy-in' || request.kind === 'copy-out'

export const ImageJob = z.strictObject({
  id: ImageJobId,
  request: JobRequest,
  /** Name of the image it makes; of a copy, path of what is copied. */
  name: z.string(),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  /** Why it failed, in the engine's words. */
  detail: z.string().nullable(),
  /** 0 to 100; null: it cannot be told. */
  percent: z.number().nullable(),
  startedAtMs: z.number(),
  endedAtMs: z.number().nullable(),
})
export type ImageJob = z.infer<typeof ImageJob>

/** A job and what the engine said of it: all that is kept at first, then what is new. */
export const JobFrame = z.strictObject({ job: ImageJob, lines: z.array(z.string()) })
export type JobFrame = z.infer<typeof JobFrame>
