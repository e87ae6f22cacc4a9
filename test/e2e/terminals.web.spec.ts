import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, type Page, test } from '@playwright/test'
import { type App, launchApp, removePlace } from '../helpers/app.ts'
import { startFirstSession } from '../helpers/person.ts'

let app: App

test.beforeEach(async () => {
  app = await launchApp({ shell: 'web' })
})
test.afterEach(async () => {
  await app.close()
  await removePlace(app.place)
})

test('a person works beside the agent, behind the same boundary, and it is recorded', async () => {
  const { page, place } = app
  await startFirstSession(page, 'command', 'sh -c "echo the agent works; sleep 600"')
  await page.keyboard.press('Control+Shift+D')
  await expect(page.getByTestId('terminal-tab-1')).toHaveAttribute('aria-selected', 'true')
  await page.getByTestId('terminal').click()
  await page.keyboard.type('echo by-hand >made && echo "cloche=$CLOCHE"; exec sleep 500')
  await page.keyboard.press('Enter')
  await expect
    .poll(() => readFile(join(place.workspace, 'made'), 'utf8').catch(() => ''))
    .toBe('by-hand\n')
  await page.getByTestId('inspector-tab-processes').click()
  await expect(page.getByTestId('inspector').locator('.role-mark.terminal')).toHaveText('terminal')

  await page.getByTestId('session-stop').click()
  await page.getByTestId('confirm-stop-confirm').click()
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'ended')
  await eachByItself(page)

  // So it leaves: in a page with both, and as a cast of the one that is chosen.
  await page.getByTestId('session-replay').click()
  const save = async (format: string): Promise<string> => {
    await page.getByTestId('session-export').click()
    await page.getByTestId(`export-format-${format}`).check({ force: true })
    if (format === 'cast3') await page.getByTestId('export-terminal').selectOption('Terminal 1')
    const downloading = page.waitForEvent('download')
    await page.getByTestId('export-save').click()
    const download = await downloading
    const path = join(place.root, download.suggestedFilename())
    await download.saveAs(path)
    await expect(page.getByTestId('export')).toHaveCount(0)
    return path
  }
  const cast = await readFile(await save('cast3'), 'utf8')
  expect(cast).toContain('cloche=1')
  expect(cast).not.toContain('the agent works')
  const context = await page.context().browser()!.newContext({ offline: true })
  const offline = await context.newPage()
  await offline.goto(pathToFileURL(await save('html')).href)
  const scrubber = offline.getByTestId('replay-scrubber')
  const { width, height } = (await scrubber.boundingBox())!
  await scrubber.click({ position: { x: width - 1, y: height / 2 } })
  await eachByItself(offline)
  await context.close()
})

/** At the end of a session words are only marked; in a replay they are counted. */
const FOUND = /^(|\d+ of \d+)$/

/** What is on one screen is not on the other. */
async function eachByItself(page: Page): Promise<void> {
  const find = async (words: string): Promise<void> => {
    await page.getByTestId('find-input').fill(words)
    await page.keyboard.press('Enter')
  }
  for (const [tab, there, elsewhere] of [
    ['1', 'cloche=1', 'the agent works'],
    ['agent', 'the agent works', 'cloche=1'],
  ] as const) {
    await page.getByTestId(`terminal-tab-${tab}`).click()
    await expect(page.getByTestId('recorded-terminal')).toBeVisible()
    await page.keyboard.press('Control+Shift+F')
    await expect(async () => {
      await find(elsewhere)
      await expect(page.getByTestId('find-state')).toHaveText('Not found', { timeout: 1000 })
      await find(there)
      await expect(page.getByTestId('find-state')).toHaveText(FOUND, { timeout: 1000 })
    }).toPass()
  }
}
