import { mkdir, readdir, readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { SessionId } from '../../shared/domain/ids.ts'
import { err, ok } from '../../shared/result.ts'
import type { Log } from '../core/ports.ts'
import type { ReviewStore } from '../core/review-port.ts'
import { applyChoices } from './apply.ts'
import { readBase, textOfBase } from './base.ts'
import { compareSides, type Sides } from './compare.ts'
import { contentOf } from './content.ts'
import { copyFolder, type CopyLimits, TooLarge } from './copy-folder.ts'
import { openFolder } from '../disk/open-folder.ts'
import { removeTree, type RunTool } from './remove-tree.ts'

const State = z.strictObject({
  version: z.literal(1),
  workspace: z.string(),
  /** The last is the one that works on it. */
  sessions: z.array(SessionId).min(1),
})
type State = z.infer<typeof State>

interface Review extends State {
  readonly folder: string
}

export interface ReviewStoreOptions {
  /** Exists and is this user's alone: a folder in it for each review. */
  readonly root: string
  readonly limits: CopyLimits
  /** A stand-in of ours at this path of the machine. */
  readonly isHeld: (path: string) => boolean
  /** The file is the old one or the new one at every moment. */
  readonly replaceFile: (path: string, text: string) => Promise<void>
  readonly run: RunTool
  readonly log: Log
}

const copyOf = ({ folder }: Review): string => join(folder, 'copy')
const baseOf = ({ folder }: Review): string => join(folder, 'base.jsonl')
const GIB = 1024 ** 3

/** Opens those of earlier runs; what was never whole is removed. */
export async function openReviewStore(options: ReviewStoreOptions): Promise<ReviewStore> {
  const { replaceFile, run } = options
  await mkdir(options.root, { recursive: true, mode: 0o700 })
  const root = await realpath(options.root)
  const reviews = new Map<string, Review>()
  for (const name of await readdir(root)) {
    const found = await readState(join(root, name))
    if (found === 'none') await removeTree(join(root, name), run)
    else if (found) reviews.set(name, found)
    else options.log.warn(`the review ${name} cannot be read; its copy is left as it is`)
  }
  const writeState = ({ folder, ...state }: Review): Promise<void> =>
    replaceFile(stateFile(folder), JSON.stringify(state))
  const reviewOf = (id: SessionId): Review | undefined =>
    [...reviews.values()].find(({ sessions }) => sessions.includes(id))
  const known = (id: SessionId): Review => {
    const review = reviewOf(id)
    if (!review) throw new Error(`${id} has no copy`)
    return review
  }
  const set = async (review: Review, sessions: readonly SessionId[]): Promise<void> => {
    const next = { ...review, sessions: [...sessions] }
    await writeState(next)
    reviews.set(nameOf(review), next)
  }

  /** One thing at a time with each copy: an apply changes what the next look goes by. */
  const turns = new Map<string, Promise<unknown>>()
  const inTurn = <T>({ folder }: Review, work: () => Promise<T>): Promise<T> => {
    const next = (turns.get(folder) ?? Promise.resolve()).then(work, work)
    turns.set(
      folder,
      next.catch(() => undefined),
    )
    return next
  }
  const withSides = <T>(id: SessionId, work: (sides: Sides, review: Review) => Promise<T>) => {
    const review = known(id)
    return inTurn(review, () => openSides(review, options.isHeld, (sides) => work(sides, review)))
  }
  const discard = async (review: Review): Promise<void> => {
    reviews.delete(nameOf(review))
    await inTurn(review, () => removeTree(review.folder, run))
    turns.delete(review.folder)
  }

  return {
    make: async (id, workspace) => {
      if (process.platform !== 'linux') return err('A review needs Linux.')
      const review = { version: 1, workspace, sessions: [id], folder: join(root, id) } as const
      const made = { ...review, sessions: [id] }
      try {
        await mkdir(made.folder, { mode: 0o700 })
        await mkdir(copyOf(made), { mode: 0o700 })
        const copied = await copyFolder(workspace, copyOf(made), options.limits, options.isHeld)
        await replaceFile(baseOf(made), textOfBase(copied.base))
        // From here on it is a review, and never removed by itself.
        await writeState(made)
        reviews.set(id, made)
        const { base, bytes, leftOut } = copied
        return ok({ copy: copyOf(made), files: base.size, bytes, leftOut: leftOut.length })
      } catch (cause) {
        await removeTree(made.folder, run)
        if (cause instanceof TooLarge) return err(wordsOfLimits(options.limits))
        if (!(cause instanceof Error) || !('code' in cause)) throw cause
        return err(`The workspace could not be copied: ${cause.message}`)
      }
    },
    join: async (from, id) => {
      const review = reviewOf(from)
      if (!review) return null
      await set(review, [...review.sessions, id])
      return copyOf(review)
    },
    sharers: (id) => reviewOf(id)?.sessions ?? [],
    look: (id) => withSides(id, compareSides),
    content: (id, path, seen) => withSides(id, (sides) => contentOf(sides, path, seen)),
    apply: (id, choices) =>
      withSides(id, async (sides, review) => {
        try {
          return await applyChoices(sides, choices)
        } finally {
          await replaceFile(baseOf(review), textOfBase(sides.base))
        }
      }),
    leave: async (id) => {
      const review = reviewOf(id)
      const others = review?.sessions.filter((other) => other !== id) ?? []
      if (review) await (others.length === 0 ? discard(review) : set(review, others))
    },
    discard: async (id) => {
      const review = reviewOf(id)
      if (review) await discard(review)
    },
  }
}

const nameOf = ({ folder }: Review): string => folder.split('/').at(-1) ?? ''

const wordsOfLimits = ({ bytes, entries }: CopyLimits): string =>
  `It holds more than ${bytes >= GIB ? `${Math.floor(bytes / GIB)} GiB` : `${bytes} bytes`} or ${entries.toLocaleString('en')} files, and a review works on a copy of all of it. Choose a smaller folder.`

async function openSides<T>(
  review: Review,
  isHeld: ReviewStoreOptions['isHeld'],
  work: (sides: Sides) => Promise<T>,
): Promise<T> {
  const top = copyOf(review)
  const base = await readBase(baseOf(review))
  const copy = await openFolder(top)
  try {
    const real = await openFolder(review.workspace)
    try {
      return await work({ copy, real, base, isOurs: (path) => isHeld(`${top}/${path}`) })
    } finally {
      await real.close()
    }
  } finally {
    await copy.close()
  }
}

const stateFile = (folder: string): string => join(folder, 'review.json')

/** `none`: it was never whole, or is being removed; null: it is damaged. */
async function readState(folder: string): Promise<Review | 'none' | null> {
  let text: string
  try {
    text = await readFile(stateFile(folder), 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return 'none'
    return null
  }
  try {
    return { ...State.parse(JSON.parse(text)), folder }
  } catch {
    return null
  }
}
