import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { type App, launchApp, removePlace, type ShellName } from '../helpers/app.ts'
import { readableText, startFirstSession } from '../helpers/person.ts'

let app: App

test.beforeEach(async ({}, info) => {
  app = await launchApp({ shell: info.project.name as ShellName })
})
test.afterEach(async () => {
  await app.close()
  await removePlace(app.place)
})

const FLOOD_BYTES = 100_000_000

async function recordedBytes(): Promise<number> {
  const folder = join(app.place.dataDir, 'recordings')
  const [name] = await readdir(folder)
  return name ? (await stat(join(folder, name, 'terminal.log'))).size : 0
}

test('100 MB of output neither freezes the window nor loses a byte', async () => {
  const { page } = app
  await startFirstSession(
    page,
    'command',
    `sh -c "yes 0123456789 | head -c ${FLOOD_BYTES}; echo; echo flood-is-over; sleep 600"`,
  )
  let slowestMs = 0
  for (;;) {
    const started = Date.now()
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)))
    slowestMs = Math.max(slowestMs, Date.now() - started)
    if ((await recordedBytes()) > FLOOD_BYTES) break
    await page.waitForTimeout(50)
  }
  // A frozen window would not answer for the seconds that the flood lasts.
  expect(slowestMs).toBeLessThan(2000)
  await expect.poll(() => readableText(app.place), { timeout: 30_000 }).toContain('flood-is-over')
  await page.getByTestId('session-stop').click()
  await page.getByTestId('confirm-stop-confirm').click()
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'ended')
})

test('the program learns the size of the window, and of its changes', async () => {
  const { page } = app
  await startFirstSession(page, 'shell')
  await page.getByTestId('terminal').click()
  await page.keyboard.type('echo first $(stty size)')
  await page.keyboard.press('Enter')
  await expect.poll(() => readableText(app.place)).toMatch(/first \d+ \d+/)
  const size = async () => (await readableText(app.place)).match(/\b\d+ \d+\b/g) ?? []
  const before = (await size()).at(-1)
  await page.getByTestId('toggle-timeline').click()
  await page.getByTestId('terminal').click()
  await page.keyboard.type('echo then $(stty size)')
  await page.keyboard.press('Enter')
  await expect.poll(() => readableText(app.place)).toMatch(/then \d+ \d+/)
  expect((await size()).at(-1)).not.toBe(before)
})

test('several sessions at once, each with its own screen', async () => {
  const { page } = app
  await startFirstSession(page, 'command', 'sh -c "echo number-one; sleep 600"')
  await page.getByTestId('new-session-button').first().click()
  await page.getByTestId('agent-command').click()
  await page.getByTestId('command-line').fill('sh -c "echo number-two; sleep 600"')
  await page.getByTestId('folder-recent').first().click()
  await page.getByTestId('start-session').click()
  await expect(page.getByTestId('session-row')).toHaveCount(2)
  await expect
    .poll(() => readableText(app.place))
    .toMatch(/number-one[^]*number-two|number-two[^]*number-one/)
})
