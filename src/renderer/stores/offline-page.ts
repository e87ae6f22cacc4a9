import { fromBase64, toBase64 } from '../../shared/recording/bundle.ts'

// A recording as one HTML file: the replay of this window, built into one script, and what it plays.
// It may load nothing and run nothing else: its policy allows no connection, and names its script.

export const DATA_ID = 'cloche-recording'
export interface OfflineParts {
  readonly script: string
  readonly style: string
}

/** The parts of the page, as they were built beside this window. Throws when they are missing. */
export async function loadOfflineParts(): Promise<OfflineParts> {
  const read = async (name: string): Promise<string> => {
    const answer = await fetch(new URL(name, document.baseURI))
    if (!answer.ok) throw new Error(`${name}: ${answer.status}`)
    return answer.text()
  }
  const [script, style] = await Promise.all([read('offline.js'), read('offline.css')])
  return { script, style }
}

/** `packed`: a bundle as text. */
export async function offlinePage(
  title: string,
  packed: string,
  { script, style }: OfflineParts,
): Promise<string> {
  const data = toBase64(await squeeze(new TextEncoder().encode(packed)))
  const code = script.replaceAll('</script', String.raw`<\/script`)
  const look = style.replaceAll('</style', String.raw`<\/style`)
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${await hashOf(code)}'`,
    `style-src 'sha256-${await hashOf(look)}'`,
    'img-src data:',
    "require-trusted-types-for 'script'",
  ].join('; ')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<title>${asText(title)}</title>
<style>${look}</style>
</head>
<body>
<div id="root"></div>
<script type="text/plain" id="${DATA_ID}">${data}</script>
<script>${code}</script>
</body>
</html>
`
}

const hashOf = async (text: string): Promise<string> =>
  toBase64(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))))

const asText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

/** The packed bundle in a page of ours, looked for without running anything of it; null: none. */
export function dataOf(page: string): string | null {
  const begin = `<script type="text/plain" id="${DATA_ID}">`
  const at = page.indexOf(begin)
  const end = page.indexOf('</script>', at)
  return at === -1 || end === -1 ? null : page.slice(at + begin.length, end)
}

/** Rejects for what is no such data. */
export const openData = async (data: string): Promise<string> =>
  new TextDecoder().decode(await stretch(fromBase64(data.trim())))

const squeeze = (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> =>
  through(bytes, new CompressionStream('gzip'))
const stretch = (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> =>
  through(bytes, new DecompressionStream('gzip'))

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  transform: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  return new Uint8Array(
    await new Response(new Blob([bytes]).stream().pipeThrough(transform)).arrayBuffer(),
  )
}
