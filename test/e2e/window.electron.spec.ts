import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { type App, launchApp, removePlace, startAgain } from '../helpers/app.ts'
import { answerDialogs } from '../helpers/dialogs.ts'
import { startFirstSession } from '../helpers/person.ts'

let app: App

test.beforeEach(async () => {
  app = await launchApp({ shell: 'electron', env: { CLOCHE_QUIT_WITHOUT_ASKING: '' } })
  await expect(app.page.getByTestId('first-run')).toBeVisible()
})
test.afterEach(async () => {
  await app.kill()
  await removePlace(app.place)
})

const windows = () =>
  app.electron!.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)

test('a second start shows the first and ends', async () => {
  const host = await app.hostPid()
  expect(await startAgain(app.place)).toBe(0)
  expect(await windows()).toBe(1)
  expect(await app.hostPid()).toBe(host)
})

test('the host ends: it is said, and started again only when asked', async () => {
  // Long enough for the window to ask for a host that is not there.
  const asked = await answerDialogs(app.electron!, 0, 2000)
  await startFirstSession(app.page, 'shell')
  const host = await app.hostPid()
  process.kill(host, 'SIGKILL')
  await expect.poll(asked).toHaveLength(1)
  expect((await asked())[0]).toContain('session host ended')
  await expect.poll(() => app.hostPid()).not.toBe(host)
  // The session ended with its sandbox, and the window says so.
  await expect(app.page.getByTestId('session-status')).toHaveAttribute('data-status', 'interrupted')
})

test('a page that keeps crashing is not reloaded for ever', async () => {
  const asked = await answerDialogs(app.electron!, 1)
  const renderer = () =>
    app
      .electron!.evaluate(({ BrowserWindow }) => {
        const contents = BrowserWindow.getAllWindows()[0]?.webContents
        return contents?.isCrashed() || contents?.isLoading() ? 0 : contents?.getOSProcessId()
      })
      // The driver loses an answer now and then while pages come and go: asked again.
      .catch(() => 0)
  const crashed = new Set<number | undefined>([0])
  for (let crash = 1; crash <= 6; crash++) {
    let shown: number | undefined = 0
    await expect
      .poll(async () => crashed.has((shown = await renderer())), { timeout: 20_000 })
      .toBe(false)
    crashed.add(shown)
    expect(await asked()).toEqual([])
    await app.electron!.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer(),
    )
  }
  await expect.poll(asked).toHaveLength(1)
  expect((await asked())[0]).toContain('crashed again and again')
})

test('quitting asks while something runs, and Cancel keeps it running', async () => {
  await startFirstSession(app.page, 'shell')
  const asked = await answerDialogs(app.electron!, 0)
  await app.electron!.evaluate(({ app: electronApp }) => electronApp.quit())
  await expect.poll(asked).toHaveLength(1)
  expect((await asked())[0]).toContain('One session is still running')
  await expect(app.page.getByTestId('session-status')).toHaveAttribute('data-status', 'running')
  await answerDialogs(app.electron!, 1)
  const ended = new Promise((done) => app.electron!.process().once('exit', done))
  await app.electron!.evaluate(({ app: electronApp }) => electronApp.quit()).catch(() => undefined)
  expect(await ended).toBe(0)
})

test('without a real keyring a kept value is never on disk, and the page says so', async () => {
  const { page, place } = app
  const backend = await app.electron!.evaluate(({ safeStorage }) =>
    process.platform === 'linux' ? safeStorage.getSelectedStorageBackend() : 'another system',
  )
  // What Electron offers where no desktop runs: a key that anybody knows.
  expect(['basic_text', 'unknown']).toContain(backend)
  await page.getByTestId('rail-doctor').click()
  await expect(page.getByTestId('kept-variables')).toContainText('Only in memory')
  await page.getByTestId('variable-name').fill('MY_TOKEN')
  await page.getByTestId('variable-value').fill('hunter2-hunter2')
  await page.getByTestId('keep-variable').click()
  await expect(page.getByTestId('kept-variable')).toContainText('until Cloche ends')
  const files = await readdir(place.dataDir, { recursive: true, withFileTypes: true })
  const written = files.filter((entry) => entry.isFile() && !/\/electron/.test(entry.parentPath))
  expect(written.length).toBeGreaterThan(0)
  for (const entry of written)
    expect(await readFile(join(entry.parentPath, entry.name), 'utf8')).not.toContain('hunter2')
})
