import type { EngineEntry } from '../../shared/domain/engine.ts'

/** The engine's own client, told which engine. */
export const engineCommand = ({ words, socket }: EngineEntry): string =>
  words.startsWith('Podman')
    ? `podman --remote --url unix://${socket}`
    : `docker --host unix://${socket}`

const PLACE = '/tmp/name-of-a-file'
const HERE = 'name-of-a-file'

/** An engine's own copying finds nothing in folders in memory, which is all there is beside the workspace. */
export const fileOut = (client: string, container: string): string =>
  `${client} exec ${container} cat ${PLACE} >${HERE}`

export const fileIn = (client: string, container: string): string =>
  `${client} exec --interactive ${container} /bin/sh -c 'cat >${PLACE}' <${HERE}`

/** A command that opens a folder of a running container in Visual Studio Code. */
export function editorCommand(container: string, folder: string): string {
  const hex = [...new TextEncoder().encode(container)]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
  const path = folder.split('/').map(encodeURIComponent).join('/')
  return `code --folder-uri 'vscode-remote://attached-container+${hex}${path}'`
}
