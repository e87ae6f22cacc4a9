import { expect, type Page } from '@playwright/test'
import { seenBy, test } from './harness.ts'

test.describe('the network of a session', () => {
  const switched = async (page: Page) =>
    (await seenBy(page)).filter((line) => line.startsWith('network '))

  test('is narrowed with one click', async ({ open }) => {
    const page = await open('quiet', 'sessions/ses_00000001')
    await page.getByTestId('network-mode-closed').click()
    await expect.poll(() => switched(page)).toEqual(['network closed null'])
    await expect(page.getByTestId('network-switch')).toContainText('Nothing leaves')
  })

  test('opens only after it was said what that means, for a time, and goes back with one click', async ({
    open,
  }) => {
    const page = await open('quiet', 'sessions/ses_00000001')
    const proof = page.getByTestId('network-switch').getByRole('img')
    await expect(proof).toHaveAccessibleName(/^Proven at/)
    await page.getByTestId('network-mode-open').click()
    await expect(page.getByTestId('confirm-open-network')).toContainText('sent anywhere')
    // Cancel has the focus.
    await page.keyboard.press('Enter')
    expect(await switched(page)).toEqual([])
    await page.getByTestId('network-mode-open').click()
    await page.getByTestId('confirm-open-network-confirm').click()
    await expect.poll(() => switched(page)).toEqual(['network open 900000'])
    await expect(page.getByTestId('open-network-chip')).toContainText(/14:5\d|15:00/)
    await expect(page.getByTestId('axis-network')).toHaveAttribute('data-look', 'open')
    await expect(proof).toHaveAccessibleName('Not proven: network')
    await page.screenshot({ path: 'out/test/network-open.png' })
    await page.getByTestId('open-network-chip').click()
    await expect.poll(() => switched(page)).toContainEqual('network ask null')
    await expect(page.getByTestId('open-network-chip')).toHaveCount(0)
    // Until it was probed again nothing is proven.
    await expect(page.getByTestId('axis-network')).toHaveAttribute('data-look', 'unknown')
  })

  test('is in the palette; a recording shows it and cannot change it', async ({ open }) => {
    const page = await open('quiet', 'sessions/ses_00000001')
    await page.getByTestId('terminal').waitFor()
    await page.keyboard.press('Control+Shift+P')
    await page.keyboard.type('network: listed')
    await page.keyboard.press('Enter')
    await expect.poll(() => switched(page)).toEqual(['network listed null'])
    const past = await open('quiet', 'recordings/ses_00000004')
    await expect(past.getByTestId('network-switch')).toBeVisible()
    await expect(past.getByTestId('network-mode-open')).toHaveCount(0)
  })
})
