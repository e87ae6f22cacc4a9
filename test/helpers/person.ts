import { readdir, readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join, resolve } from 'node:path'
import { expect, type Page } from '@playwright/test'
import { decodeLog } from '../../src/shared/terminal-log.ts'
import type { AppPlace } from './app.ts'

/** Folder of the agents' commands that the tests installed from npm. */
export const AGENTS_BIN = resolve(import.meta.dirname, '../fixtures/agents/node_modules/.bin')

/** First run: agent, folder, Start. */
export async function startFirstSession(
  page: Page,
  agent: string,
  command?: string,
): Promise<void> {
  await page.getByTestId(`agent-${agent}`).click()
  if (command) await page.getByTestId('command-line').fill(command)
  await page.getByTestId('folder-row').filter({ hasText: 'project' }).dblclick()
  await expect(page.getByTestId('folder-path')).toHaveValue(/project$/)
  await page.getByTestId('start-session').click()
  // What runs for a moment may have ended before anybody looked.
  const begun = /^(running|ended)$/
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', begun)
}

export async function stopSession(page: Page): Promise<void> {
  await page.getByTestId('session-stop').click()
  await page.getByTestId('confirm-stop-confirm').click()
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'ended')
}

/** Reads the card that is shown and answers it, until the one for `host` was answered. */
export async function answerUntil(
  page: Page,
  host: string,
  action: 'allow' | 'deny',
  lifetime: 'Once' | 'This session' | 'This workspace' = 'Once',
): Promise<string> {
  const card = page.getByTestId('prompt-card')
  for (;;) {
    await expect(card).toBeVisible()
    const shown = (await page.getByTestId('prompt-host').innerText()).replaceAll(/\s/g, '')
    // A card ignores keys and clicks in its first moments, so that nobody answers by accident.
    await page.waitForTimeout(600)
    const isWanted = shown.startsWith(`${host}:`)
    if (isWanted) {
      const words = await card.innerText()
      if (lifetime !== 'Once')
        await card.getByTestId('prompt-lifetime').getByText(lifetime, { exact: true }).click()
      await page.getByTestId(action === 'allow' ? 'prompt-allow' : 'prompt-deny').click()
      return words
    }
    await page.getByTestId('prompt-deny').click()
    await expect(card.getByTestId('prompt-host').filter({ hasText: shown })).toHaveCount(0)
  }
}

/** What the terminal of the only (or newest) session received, from its recording on disk. */
export async function recordedText(place: AppPlace): Promise<string> {
  const folder = join(place.dataDir, 'recordings')
  const texts: string[] = []
  for (const name of (await readdir(folder)).sort()) {
    const log = await readFile(join(folder, name, 'terminal.log')).catch(() => new Uint8Array())
    for (const record of decodeLog(log).records)
      if (record.kind === 'output') texts.push(Buffer.from(record.bytes).toString('utf8'))
  }
  return texts.join('')
}

/** The same without escape sequences and line breaks: what a person would read. */
export async function readableText(place: AppPlace): Promise<string> {
  const text = await recordedText(place)
  return text
    .replaceAll(/\x1b\[[0-9;]*[GHC]/g, ' ')
    .replaceAll(
      /\x1b(?:\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|.)/g,
      '',
    )
    .replaceAll(/\s+/g, ' ')
}

export interface Listener {
  readonly address: string
  /** Bytes that arrived, of every connection. */
  received(): Buffer
  close(): void
}

/** A server of the test that says nothing and keeps what it gets. */
export async function startListener(answer?: string): Promise<Listener> {
  let received = Buffer.alloc(0)
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (data) => {
      received = Buffer.concat([received, data])
      if (answer !== undefined) socket.end(answer)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    address: `127.0.0.1:${address.port}`,
    received: () => received,
    close: () => server.close(),
  }
}
