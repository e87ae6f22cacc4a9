import { expect, type Page } from '@playwright/test'
import { overflowing, seenBy, test, unreadable } from './harness.ts'

const MAIN = 'sessions/ses_00000001'

type Host = { fakeHost: { report(id: string, fact: object): void } }

/** The session works on a copy, and what it changed there waits. */
async function review(page: Page): Promise<void> {
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'running')
  await page.evaluate(() => {
    const copied = { from: null, files: 412, bytes: 9_000_000, leftOut: 1 }
    const host = (window as unknown as Host).fakeHost
    host.report('ses_00000001', { type: 'review/opened', ...copied })
  })
  await page.getByTestId('session-review').click()
  await expect(page.getByTestId('review-row')).toHaveCount(8)
}

for (const theme of ['dark', 'light'] as const)
  test(`a review is looked at, chosen by the keyboard and applied (${theme})`, async ({
    open,
  }, info) => {
    const page = await open('quiet', MAIN, { theme, width: theme === 'dark' ? 1440 : 1100 })
    await review(page)
    const look = async (name: string): Promise<void> => {
      const path = info.outputPath(`${name}.png`)
      await page.screenshot({ path, caret: 'initial' })
      await info.attach(name, { path, contentType: 'image/png' })
      expect({
        overflowing: await overflowing(page),
        unreadable: await unreadable(page),
      }).toEqual({ overflowing: [], unreadable: [] })
    }
    const apply = page.getByTestId('review-apply')
    await expect(apply).toBeDisabled()
    // A program still works on it.
    await expect(page.getByTestId('review-discard')).toBeDisabled()
    // All that needs no thought; what is obeyed, leads out or is a conflict is chosen by itself only.
    await page.getByTestId('review-all').check()
    await expect(apply).toHaveText('Apply 5 files to the folder')
    await page.getByTestId('review-rows').focus()
    await page.keyboard.press('j')
    await expect(page.getByTestId('review-details')).toContainText('Programs outside obey it')
    await page.keyboard.press('x')
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await page.keyboard.press('j')
    await expect(page.getByTestId('review-details')).toContainText('Applying loses that change')
    await page.keyboard.press('x')
    await expect(apply).toHaveText('Apply 6 files to the folder')
    await look('review')
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown')
    await expect(
      page.getByTestId('review-details').getByRole('button', { name: /claude/ }),
    ).toBeVisible()
    await page.keyboard.press('Enter')
    await expect(page.getByTestId('diff')).toContainText('+1 −0')
    await look('review-difference')
    await page.keyboard.press('Escape')

    await apply.click()
    await expect(page.getByTestId('review-outcome')).toContainText('5 files applied, 1 not:')
    expect((await seenBy(page)).filter((line) => line.startsWith('apply'))).toEqual([
      'apply .vscode/tasks.json ticked, package.json over, scripts/release.sh, src/auth/login.ts, src/auth/session.ts, test/auth/redirect.test.ts',
    ])
    await expect(page.getByTestId('review-row')).toHaveCount(3)
    await look('review-applied')
  })

test('what is left of a copy is thrown away only when that was said', async ({ open }) => {
  const page = await open('quiet', 'sessions/ses_00000007')
  await page.getByTestId('session-remove').click()
  await page
    .getByTestId('confirm-remove')
    .getByRole('button', { name: 'Remove', exact: true })
    .click()
  const asked = page.getByTestId('confirm-remove-review')
  await expect(asked).toContainText('neither applied nor discarded')
  await expect(page.getByTestId('confirm-remove-review-cancel')).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(asked).toBeHidden()
  await expect(page.getByTestId('session-remove')).toBeVisible()
})
