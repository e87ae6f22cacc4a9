import { expect } from '@playwright/test'
import { overflowing, test, unreadable } from './harness.ts'

for (const theme of ['dark', 'light'] as const)
  test(`audit, search and retention, ${theme}`, async ({ open }) => {
    const page = await open('quiet', 'audit', { theme })
    await page.getByTestId('audit-row').first().click()
    await page.getByTestId('audit-verify').click()
    await expect(page.getByTestId('audit-verdict')).toContainText('12 entries')
    expect(await overflowing(page)).toEqual([])
    expect(await unreadable(page)).toEqual([])

    await page.getByTestId('rail-recordings').click()
    await page.getByTestId('recording-search').fill('redirect')
    await page.keyboard.press('Enter')
    await expect(page.getByTestId('search-hit')).toHaveCount(3)
    expect(await overflowing(page)).toEqual([])
    await page.getByTestId('recording-search').fill('')
    await page.getByTestId('keep-open').click()
    await expect(page.getByTestId('keep')).toBeVisible()
    expect(await overflowing(page)).toEqual([])
    expect(await unreadable(page)).toEqual([])
  })
