import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { type App, launchApp, makePlace, removePlace } from '../helpers/app.ts'

let app: App

test.beforeEach(async () => {
  const place = await makePlace()
  await writeFile(join(place.workspace, 'notes.txt'), 'as it was\n')
  app = await launchApp({ shell: 'web', place })
})
test.afterEach(async () => {
  await app.close()
  await removePlace(app.place)
})

test('what a session changed reaches the folder when a person applied it', async () => {
  const { page } = app
  const notes = join(app.place.workspace, 'notes.txt')
  const made = join(app.place.workspace, 'made.txt')
  const command = 'sh -c "echo as it is >notes.txt; echo made >made.txt"'
  await page.getByTestId('agent-command').click()
  await page.getByTestId('command-line').fill(command)
  await page.getByTestId('folder-row').filter({ hasText: 'project' }).dblclick()
  await expect(page.getByTestId('folder-path')).toHaveValue(/project$/)
  await page.getByTestId('first-run-options').click()
  const form = page.getByTestId('new-session')
  await form.getByTestId('files-part').locator('summary').click()
  await form.getByTestId('review-choice').check()
  await form.getByTestId('start-session').click()
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'ended')
  expect([await readFile(notes, 'utf8'), existsSync(made)]).toEqual(['as it was\n', false])

  await page.getByTestId('inspector-tab-files').click()
  await expect(page.getByTestId('review-row')).toHaveCount(2)
  await page.locator('[data-testid=review-row][data-path="notes.txt"]').dblclick()
  await expect(page.getByTestId('diff')).toContainText('as it is')
  await page.keyboard.press('Escape')
  await page.keyboard.press('x')
  await page.getByTestId('review-apply').click()
  await expect(page.getByTestId('review-outcome')).toContainText('1 file applied')
  expect([await readFile(notes, 'utf8'), existsSync(made)]).toEqual(['as it is\n', false])

  await page.getByTestId('review-discard').click()
  await page.getByTestId('confirm-discard-review').getByRole('button', { name: 'Discard' }).click()
  await expect(page.getByTestId('review')).toHaveCount(0)
  expect(existsSync(made)).toBe(false)
})
