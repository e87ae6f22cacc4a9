import type {
  LeftOut,
  RefusedChange,
  ReviewChange,
  ReviewContent,
  ReviewGuard,
} from '../../shared/domain/review.ts'

/** With the letter that every developer knows for it. */
export const REVIEW_CHANGES: Readonly<
  Record<ReviewChange['change'], { name: string; letter: string }>
> = {
  added: { name: 'Added', letter: 'A' },
  changed: { name: 'Changed', letter: 'M' },
  deleted: { name: 'Deleted', letter: 'D' },
}

export const GUARDS: Readonly<Record<ReviewGuard, { chip: string; sentence: string }>> = {
  obeyed: {
    chip: 'obeyed',
    sentence: 'Programs outside obey it: your editor, your agents or git run what it says.',
  },
  'leads-out': {
    chip: 'leads out',
    sentence: 'It is a link that leads out of the folder.',
  },
}

export const CONFLICT = {
  chip: 'conflict',
  sentence: 'The folder changed it as well since the copy was made. Applying loses that change.',
} as const

export const REFUSED: Readonly<Record<RefusedChange['why'], string>> = {
  'changed-since': 'it changed after it was looked at',
  conflict: 'the folder changed it as well',
  guarded: 'it was not chosen by itself',
  blocked: 'it cannot be put there',
}

export const LEFT_OUT: Readonly<Record<LeftOut['why'], string>> = {
  special: 'neither a file nor a link',
  large: 'larger than 1 GiB',
  unreadable: 'may not be read',
  deep: 'lies too deep',
  name: 'its name is no text',
}

export const UNSHOWN: Readonly<Record<NonNullable<ReviewContent['unshown']>, string>> = {
  binary: 'No text: what it holds cannot be shown.',
  large: 'Larger than 200 KiB: too much to show side by side.',
  link: 'A link has no content of its own.',
}
