/** What `${…}` in a configuration stands for, and how each is written for a shell inside. */
export interface Places {
  /** The same inside as on this machine. */
  readonly workspace: string
  /** The same for every start of one configuration. */
  readonly id: string
}

const PATTERN =
  /\$\{(localEnv|containerEnv|env):([A-Za-z_][A-Za-z0-9_]*)(?::([^}]*))?\}|\$\{(\w+)\}/g

/** Names of variables of this machine that a text asks for. */
export const wantedIn = (text: string): string[] =>
  [...text.matchAll(PATTERN)].flatMap(([, kind, name]) =>
    (kind === 'localEnv' || kind === 'env') && name !== undefined ? [name] : [],
  )

function placeOf(name: string | undefined, { workspace, id }: Places): string | null {
  const base = workspace.split('/').at(-1) ?? ''
  switch (name) {
    case 'localWorkspaceFolder':
    case 'containerWorkspaceFolder':
      return workspace
    case 'localWorkspaceFolderBasename':
    case 'containerWorkspaceFolderBasename':
      return base
    case 'devcontainerId':
      return id
    default:
      return null
  }
}

/** For what is used outside: no variable of this machine is ever filled in, only its default. */
export const fillIn = (text: string, places: Places): string =>
  text.replaceAll(PATTERN, (whole, _kind, _name, fallback, place) =>
    place === undefined ? (fallback ?? '') : (placeOf(place, places) ?? whole),
  )

/** For a text that a shell inside reads: variables become the shell's, so a value is what is let in. */
export const forShell = (text: string, places: Places): string =>
  text.replaceAll(PATTERN, (whole, _kind, name, fallback, place) => {
    if (place !== undefined) return placeOf(place, places) ?? whole
    return fallback === undefined ? `\${${name}}` : `\${${name}:-${fallback}}`
  })

export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** One word of a shell inside: nothing of it is expanded but the variables it names. */
export function shellWord(text: string, places: Places): string {
  let word = ''
  let at = 0
  for (const match of text.matchAll(PATTERN)) {
    const [whole, , name, fallback, place] = match
    word += plain(text.slice(at, match.index))
    at = match.index + whole.length
    if (place !== undefined) word += quoted(placeOf(place, places) ?? whole)
    else word += fallback === undefined ? `"\${${name}}"` : `"\${${name}:-${escaped(fallback)}}"`
  }
  word += plain(text.slice(at))
  return word === '' ? "''" : word
}

/** Between double quotes nothing of it is special. */
const escaped = (text: string): string => text.replaceAll(/[\\"$`]/g, '\\$&')

const plain = (text: string): string => (text === '' ? '' : quoted(text))
