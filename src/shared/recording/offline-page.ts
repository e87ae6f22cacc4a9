import { type BlockKind, toBase64 } from './packed-recording.ts'

// A recording as one HTML file: the replay of the window, built into one script, and what it plays.
// It may load nothing and run nothing else: its policy allows no connection, and names its script.

export interface PageParts {
  readonly script: string
  readonly style: string
  /** Gzip. */
  readonly squeeze: (bytes: Uint8Array) => Promise<Uint8Array>
  readonly sha256: (bytes: Uint8Array) => Promise<Uint8Array>
}

const BLOCK = 'data-block'
const open = (kind: BlockKind): string => `<script type="text/plain" ${BLOCK}="${kind}">`
const CLOSE = '</script>'
/** What is read of a page, without running anything of it. */
const BLOCKS = new RegExp(
  `<script type="text/plain" ${BLOCK}="(events|terminal|contents|tail)">([A-Za-z0-9+/=]*)${CLOSE}`,
  'g',
)
export const BLOCK_SELECTOR = `script[${BLOCK}]`
export const BLOCK_ATTRIBUTE = BLOCK

/** What comes before the first block. */
export async function pageHead(title: string, page: PageParts): Promise<string> {
  const hash = async (text: string): Promise<string> =>
    toBase64(await page.sha256(new TextEncoder().encode(text)))
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${await hash(codeOf(page))}'`,
    `style-src 'sha256-${await hash(lookOf(page))}'`,
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
<style>${lookOf(page)}</style>
</head>
<body>
<div id="root"></div>
`
}

export const pageBlock = async (
  kind: BlockKind,
  bytes: Uint8Array,
  { squeeze }: PageParts,
): Promise<string> => `${open(kind)}${toBase64(await squeeze(bytes))}${CLOSE}\n`

/** What comes after the last. */
export const pageFoot = (page: PageParts): string => `<script>${codeOf(page)}</script>
</body>
</html>
`

const codeOf = ({ script }: PageParts): string =>
  script.replaceAll('</script', String.raw`<\/script`)
const lookOf = ({ style }: PageParts): string => style.replaceAll('</style', String.raw`<\/style`)

const asText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

/** The blocks in a page of ours; none: it is no such page. */
export const blocksIn = (page: string): { readonly kind: string; readonly data: string }[] =>
  [...page.matchAll(BLOCKS)].map(([, kind = '', data = '']) => ({ kind, data }))
