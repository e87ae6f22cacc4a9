import { z } from 'zod'

/** A file of a workspace as the watch of its session began. Its path is relative, with slashes. */
export const ListedFile = z.strictObject({
  path: z.string(),
  /** `link`: where it leads is not followed; `other`: a socket, a pipe, a device. */
  kind: z.enum(['file', 'link', 'other']),
  bytes: z.number(),
  /** It had last changed before the watch began. */
  isSettled: z.boolean(),
})
export type ListedFile = z.infer<typeof ListedFile>

/** A part of what is listed, in the order of the list. */
export const ManifestPage = z.strictObject({
  files: z.array(ListedFile),
  /** Nothing was left out: not for its number, its name, or because a folder could not be read. */
  isWhole: z.boolean(),
  isLast: z.boolean(),
})
export type ManifestPage = z.infer<typeof ManifestPage>

/** Why what was in a file at the start is not known any more. */
export const WhyNotKnown = z.enum([
  /** The list of the start does not have it, or there is none. */
  'not_listed',
  /** A link, a socket, a pipe or a device. */
  'no_file',
  /** It was changed while the list was made. */
  'unsettled',
  /** The folder itself is not there, or cannot be read. */
  'no_workspace',
  'gone',
  /** What is on the disk is not what was listed. */
  'changed',
  'too_large',
  /** Values of the session were secret, and nobody knows them any more to take them out. */
  'secrets_forgotten',
])
export type WhyNotKnown = z.infer<typeof WhyNotKnown>
