import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { expect, test } from '@playwright/test'
import { type App, launchApp, makePlace, removePlace, type ShellName } from '../helpers/app.ts'
import { readableText, startFirstSession, stopSession } from '../helpers/person.ts'

let app: App
const shellOf = (info: { project: { name: string } }) => info.project.name as ShellName

test.beforeEach(async ({}, info) => {
  app = await launchApp({ shell: shellOf(info) })
})
test.afterEach(async () => {
  await app.close().catch(() => undefined)
  await removePlace(app.place)
})

/** Types into the terminal until the program has answered with the marker's product. */
async function typeAndSee(text: string, answer: string): Promise<void> {
  const { page } = app
  await page.getByTestId('terminal').click()
  await page.keyboard.type(text)
  await page.keyboard.press('Enter')
  await expect.poll(() => readableText(app.place)).toContain(answer)
}

test('three clicks to a first session; it goes on through a reload of the window', async () => {
  const { page } = app
  await startFirstSession(page, 'shell')
  await typeAndSee('echo one-$((20+1))', 'one-21')
  await page.reload()
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'running')
  await typeAndSee('echo two-$((20+2))', 'two-22')
  await stopSession(page)
})

test('a crash of the page leaves the session alone', async ({}, info) => {
  test.skip(shellOf(info) === 'web', 'a browser tab that crashed is the browser’s to reload')
  const { page, electron } = app
  await startFirstSession(page, 'shell')
  await typeAndSee('i=0; while sleep 0.2; do i=$((i+1)); echo "tick $i."; done', 'tick 2.')
  const renderer = () =>
    electron!.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents
      return contents?.isCrashed() ? null : (contents?.getOSProcessId() ?? null)
    })
  const before = await renderer()
  await electron!.evaluate(({ BrowserWindow }) => {
    BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer()
  })
  // The window gets a new renderer, and the program never noticed. What that renderer shows is
  // the reload test's: the driver of these tests cannot look into a page that crashed.
  await expect.poll(renderer, { timeout: 20_000 }).not.toBe(before)
  await expect.poll(renderer, { timeout: 20_000 }).toBeGreaterThan(0)
  const ticks = async () => Number(/.*tick (\d+)\./.exec(await readableText(app.place))?.[1])
  const then = await ticks()
  await expect.poll(ticks).toBeGreaterThan(then + 5)
})

test('everything is killed: the list and the recording are there again', async ({}, info) => {
  await startFirstSession(app.page, 'shell')
  await typeAndSee('echo kept-$((40+2))', 'kept-42')
  // Half a second is what a kill may cost.
  await app.page.waitForTimeout(600)
  const { place } = app
  await app.kill()
  app = await launchApp({ shell: shellOf(info), place })
  const row = app.page.getByTestId('session-row')
  await expect(row).toHaveCount(1)
  await row.click()
  await expect(app.page.getByTestId('session-status')).toHaveAttribute('data-status', 'interrupted')
  expect(await readableText(place)).toContain('kept-42')
  await app.page.getByTestId('session-replay').click()
  await expect(app.page.getByTestId('replay-bar')).toBeVisible()
})

test('a damaged state file is set aside and said', async ({}, info) => {
  await app.close()
  const place = await makePlace()
  await mkdir(place.dataDir, { recursive: true, mode: 0o700 })
  await writeFile(`${place.dataDir}/rules.json`, '{ this is not JSON')
  app = await launchApp({ shell: shellOf(info), place })
  await expect(app.page.getByTestId('notices')).toContainText('rules.json')
  expect((await readdir(place.dataDir)).some((name) => name.startsWith('rules.json.damaged'))).toBe(
    true,
  )
})
