import type { EngineEntry } from '../../shared/domain/engine.ts'

/** The engine's own client, told which engine. */
export const engineCommand = ({ words, socket }: EngineEntry): string =>
  words.startsWith('Podman')
    ? `podman --remote --url unix://${socket}`
    : `docker --host unix://${socket}`

/** A command that opens a folder of a running container in Visual Studio Code. */
export function editorCommand(container: string, folder: string): string {
  const hex = [...new TextEncoder().encode(container)]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
  const path = folder.split('/').map(encodeURIComponent).join('/')
  return `code --folder-uri 'vscode-remote://attached-container+${hex}${path}'`
}
