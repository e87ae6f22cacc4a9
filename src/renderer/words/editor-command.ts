/** A command that opens a folder of a running container in Visual Studio Code. */
export function editorCommand(container: string, folder: string): string {
  const hex = [...new TextEncoder().encode(container)]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
  const path = folder.split('/').map(encodeURIComponent).join('/')
  return `code --folder-uri 'vscode-remote://attached-container+${hex}${path}'`
}
