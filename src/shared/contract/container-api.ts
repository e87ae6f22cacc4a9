import { z } from 'zod'
import { CopyRequest } from '../domain/copy.ts'
import { DevContainer } from '../domain/dev-container.ts'
import {
  ContainerList,
  ContainerUsage,
  EngineEntry,
  EngineImage,
  EngineRefusal,
  ImageJob,
  ImageRequest,
  JobFrame,
  Removable,
} from '../domain/engine.ts'
import { ImageJobId } from '../domain/ids.ts'
import { command, query, stream } from './define.ts'

/** The container engine, its images, and dev containers. */
export const containerApi = {
  engine: {
    list: query({ input: z.null(), output: z.array(EngineEntry) }),
    /** By its socket; null: the first that answers. Sessions that run stay where they are. */
    choose: command({
      input: z.strictObject({ socket: z.string().max(4096).nullable() }),
      output: z.null(),
      error: EngineRefusal,
    }),
    /** Containers that Cloche made; each change is the whole list. */
    containers: stream({ key: z.null(), snapshot: ContainerList, delta: ContainerList }),
    /** By the container's id; about one a second. */
    usage: stream({ key: z.string(), snapshot: z.null(), delta: ContainerUsage }),
    inspect: command({
      input: z.strictObject({ id: z.string() }),
      output: z.string(),
      error: EngineRefusal,
    }),
    /** What `remove` could remove: of Cloche, and needed by nobody. */
    removable: command({ input: z.null(), output: z.array(Removable), error: EngineRefusal }),
    /** By their ids. Answers with the bytes that are free again. */
    remove: command({
      input: z.strictObject({ ids: z.array(z.string()).max(1000) }),
      output: z.number(),
      error: EngineRefusal,
    }),
    /** Begins to copy files; its progress is in `image.jobs`, and `image.cancel` ends it. */
    copy: command({ input: CopyRequest, output: ImageJob, error: EngineRefusal }),
  },
  devContainer: {
    /** Configurations in a folder; nothing of them runs. */
    list: query({
      input: z.strictObject({ workspace: z.string().max(4096) }),
      output: z.array(DevContainer),
    }),
  },
  image: {
    /** What a session in a container can be started from, besides this machine's own programs. */
    list: query({ input: z.null(), output: z.array(EngineImage) }),
    /** Starts to get or make one; its progress is in `jobs`. */
    make: command({
      input: ImageRequest,
      output: ImageJob,
      /** A command for this machine is as much as an unconfined session. */
      error: z.strictObject({ type: z.literal('refused_in_browser') }),
    }),
    cancel: command({
      input: z.strictObject({ id: ImageJobId }),
      output: z.null(),
      error: z.strictObject({ type: z.literal('not_running') }),
    }),
    jobs: stream({ key: z.null(), snapshot: z.array(JobFrame), delta: JobFrame }),
  },
} as const
