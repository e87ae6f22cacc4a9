import { expect } from '@playwright/test'
import { overflowing, test, unreadable } from './harness.ts'

const MAIN = 'sessions/ses_00000001'

test('the inspector lists what was changed and by whom', async ({ open }) => {
  const page = await open('quiet', MAIN)
  await page.getByTestId('inspector-tab-files').click()
  await expect(page.getByTestId('file-row')).toHaveCount(6)
  await page.locator('[data-path="src/auth/login.ts"]').click()
  const details = page.getByTestId('file-details')
  await expect(details).toContainText('2 times')
  await expect(details.getByRole('button', { name: /claude/ })).toBeVisible()
  await page.locator('[data-path="README.md"]').click()
  await expect(details).toContainText('Somebody who is not known')
  await page.getByTestId('file-filter').fill('auth')
  await expect(page.getByTestId('file-row')).toHaveCount(3)
  expect(await unreadable(page)).toEqual([])
  expect(await overflowing(page)).toEqual([])
})

test('what it looked for in vain is listed, with who looked', async ({ open }) => {
  const page = await open('quiet', MAIN)
  await page.getByTestId('inspector-tab-files').click()
  const missed = page.getByTestId('missed-files')
  await expect(page.getByTestId('missed-files-summary')).toHaveText('3 paths')
  await missed.locator('summary').click()
  await expect(page.getByTestId('missed-file')).toHaveCount(3)
  await expect(page.getByTestId('missed-file').nth(1)).toContainText('credentials')
  await page.screenshot({ path: 'out/test/missed-files.png' })
  expect(await unreadable(page)).toEqual([])
  expect(await overflowing(page)).toEqual([])
  await missed
    .getByRole('button', { name: /claude/ })
    .first()
    .click()
  await expect(page.getByTestId('process-details')).toBeVisible()
})

test('a file shows what was changed, as a whole and step by step', async ({ open }) => {
  const page = await open('quiet', MAIN)
  await page.getByTestId('inspector-tab-files').click()
  await page.locator('[data-path="src/auth/login.ts"]').dblclick()
  const diff = page.getByTestId('diff')
  await expect(diff).toContainText('+5 −1')
  await expect(diff.locator('.removed').last()).toContainText('referer')
  await page.getByTestId('file-versions').focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await expect(diff).toContainText('+1 −1')
  await expect(diff.locator('.added').last()).toContainText('searchParams')
  expect(await unreadable(page)).toEqual([])
  await page.keyboard.press('Escape')
  await page.locator('[data-path="node_modules/.vitest/results.json"]').dblclick()
  await expect(page.getByTestId('file-diff')).toContainText('were not kept')
})

test('a change in the timeline leads to who made it and to what was changed', async ({ open }) => {
  const page = await open('quiet', MAIN)
  await page.getByTestId('timeline-tab-events').click()
  await page.getByTestId('event-filter').fill('login.ts')
  await page.getByTestId('event-rows').getByText('Wrote src/auth/login.ts').first().click()
  await page.getByTestId('event-show-changes').click()
  await expect(page.getByTestId('diff')).toBeVisible()
})

test('events are highlighted by rules, which are changed, ordered and switched off', async ({
  open,
}) => {
  const page = await open('quiet', MAIN)
  await page.getByTestId('timeline-tab-events').click()
  await page.getByTestId('event-filter').fill('telemetry')
  await page.getByTestId('event-filter').fill('decided')
  await expect(page.locator('.event-row.hl-red').first()).toBeVisible()
  await page.getByTestId('highlights-open').click()
  await page.getByTestId('highlights-add').click()
  const rules = page.getByTestId('highlight-rule')
  await rules.nth(3).getByRole('textbox').fill('net/decided')
  for (let at = 3; at > 0; at--)
    await rules
      .nth(at)
      .getByRole('button', { name: /earlier/ })
      .click()
  expect(await unreadable(page)).toEqual([])
  expect(await overflowing(page)).toEqual([])
  await page.keyboard.press('Escape')
  await expect(page.locator('.event-row.hl-red')).toHaveCount(0)
  await expect(page.locator('.event-row.hl-blue').first()).toBeVisible()
  await page.getByTestId('highlights-toggle').click()
  await expect(page.locator('.event-row.hl-blue')).toHaveCount(0)
  await page.reload()
  await page.getByTestId('timeline-tab-events').click()
  await expect(page.getByTestId('highlights-toggle')).toHaveText('Highlights off')
})
