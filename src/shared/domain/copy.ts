import { z } from 'zod'

const PathOnMachine = z.string().min(1).max(4096).startsWith('/')
const PathInside = z.string().min(1).max(4096).startsWith('/')

/** Files of this machine into a container of a session, or out of it: a person's act. */
export const CopyRequest = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('copy-in'),
    container: z.string().max(128),
    /** A file or folder. */
    from: PathOnMachine,
    /** The folder that gets it, under the same name. */
    to: PathInside,
  }),
  z.strictObject({
    kind: z.literal('copy-out'),
    container: z.string().max(128),
    from: PathInside,
    to: PathOnMachine,
  }),
])
export type CopyRequest = z.infer<typeof CopyRequest>
