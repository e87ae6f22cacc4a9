/** On everything of ours in an engine. Nothing without them is ever touched. */
export const LABEL = {
  /** Of a container `session`, `network` or `look`; of an image `machine`, `agents`, `parts`, `workspace` or `set-up`. */
  kind: 'dev.cloche.kind',
  session: 'dev.cloche.session',
  /** The host that made it, as pid, start time and boot: see `ownerOf`. */
  owner: 'dev.cloche.owner',
} as const
