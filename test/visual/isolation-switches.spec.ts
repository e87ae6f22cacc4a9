import { expect } from '@playwright/test'
import { seenBy, test } from './harness.ts'

test.describe('the switches of a session', () => {
  test('make it stricter with one click', async ({ open }) => {
    const page = await open('quiet', 'sessions/ses_00000001')
    const switches = page.getByTestId('switches')
    await switches.scrollIntoViewIfNeeded()
    await expect(page.getByTestId('switch-workspace').getByLabel(/^Proven at/)).toBeVisible()
    await page.getByTestId('switches').screenshot({ path: 'out/test/switches.png' })
    await page.getByTestId('switch-workspace-to-read').click()
    await expect.poll(() => seenBy(page)).toContain('restart {"workspace":"read"}')
    // It is another session now, with the way to the one before.
    await page.screenshot({ path: 'out/test/other-runs.png' })
    await page.getByTestId('run-before').click()
    await page.getByTestId('run-after').click()
    await expect(page.getByTestId('switch-workspace-to-read')).toBeChecked()
    await expect(page).toHaveURL(/ses_00000065|ses_0+65/)
  })

  test('freeze every process, and say what the kernel did', async ({ open }) => {
    const page = await open('quiet', 'sessions/ses_00000001')
    const freeze = page.getByTestId('switch-freeze')
    await freeze.getByTestId('switch-freeze-to-frozen').click()
    await expect(freeze.getByLabel(/^Every process stands still since/)).toBeVisible()
    // The head says the same, and one is turned by the other.
    await expect(page.getByTestId('session-status')).toContainText('frozen')
    await page.getByTestId('isolation-panel').screenshot({ path: 'out/test/switch-freeze.png' })
    await page.getByTestId('session-thaw').click()
    await expect(page.getByTestId('switch-freeze-to-run')).toBeChecked()
    await expect(freeze.getByRole('img')).toHaveCount(0)
  })

  test('open something only after it was said what', async ({ open }) => {
    const page = await open('quiet', 'sessions/ses_00000001')
    await page.getByTestId('switch-workspace-to-read').click()
    await expect(page.getByTestId('switch-workspace-to-read')).toBeChecked()
    await page.getByTestId('switch-workspace-to-write').click()
    await expect(page.getByTestId('confirm-change')).toContainText('change and remove')
    await page.screenshot({ path: 'out/test/switch-widens.png' })
    // Cancel has the focus.
    await page.keyboard.press('Enter')
    await expect(page.getByTestId('confirm-change')).toHaveCount(0)
    await expect(page.getByTestId('switch-workspace-to-read')).toBeChecked()
    await page.getByTestId('switch-workspace-to-write').click()
    await page.getByTestId('confirm-change-confirm').click()
    await expect.poll(() => seenBy(page)).toContain('restart {"workspace":"write"}')
    await expect(page.getByTestId('switch-workspace-to-write')).toBeChecked()
  })

  test('set limits at once, and by a restart where nothing else can', async ({ open }) => {
    const page = await open('quiet', 'sessions/ses_00000001')
    await page.getByTestId('open-change-limits').click()
    const dialog = page.getByTestId('change-limits')
    await dialog.getByTestId('limit-processes-on').check()
    await dialog.getByTestId('limit-memory-on').check()
    await dialog.getByTestId('limit-memory-value').fill('6 bananas')
    await expect(dialog.getByTestId('limit-memory-problem')).toBeVisible()
    await expect(page.getByTestId('change-limits-apply')).toBeDisabled()
    await dialog.getByTestId('limit-memory-value').fill('6 GiB')
    await page.screenshot({ path: 'out/test/change-limits.png' })
    await dialog.getByTestId('limit-processes-on').uncheck()
    await page.getByTestId('change-limits-apply').click()
    await expect(page.getByTestId('change-limits-stuck')).toContainText('Processes')
    await expect(page.getByTestId('change-limits-apply')).toHaveText('Restart with these')
    await dialog.getByTestId('limit-processes-on').check()
    await page.getByTestId('change-limits-apply').click()
    await expect(dialog).toHaveCount(0)
    await expect(page.getByTestId('limit-in-force-memory')).toContainText('6 GiB')
  })

  test('refuse every service of this machine by a rule of the session', async ({ open }) => {
    const page = await open('quiet', 'sessions/ses_00000001')
    await page.getByTestId('switch-services-to-refused').click()
    await expect
      .poll(async () =>
        (await seenBy(page)).filter((line) => line.includes('host.cloche.internal')),
      )
      .toHaveLength(1)
    await expect(page.getByTestId('switch-services').getByLabel('Applying')).toBeVisible()
  })

  test('are words in a recording', async ({ open }) => {
    const page = await open('quiet', 'recordings/ses_00000004')
    await expect(page.getByTestId('switches')).toContainText('Read and write')
    await expect(page.getByTestId('switch-workspace-to-read')).toHaveCount(0)
  })
})
