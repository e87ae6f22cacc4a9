import { expect, test } from '@playwright/test'
import { type App, launchApp, removePlace, type ShellName } from '../helpers/app.ts'
import { stopSession } from '../helpers/person.ts'

let app: App

test.beforeEach(async ({}, info) => {
  app = await launchApp({ shell: info.project.name as ShellName })
})
test.afterEach(async () => {
  await app.close()
  await removePlace(app.place)
})

test('the boundary is seen before it stands, while it stands, and after', async () => {
  const { page } = app
  await page.getByTestId('first-run-options').click()
  const form = page.getByTestId('new-session')
  await form.getByTestId('agent-shell').click()
  await form.getByTestId('folder-row').filter({ hasText: 'project' }).dblclick()
  await expect(form.getByTestId('folder-path')).toHaveValue(/project$/)
  await form.getByTestId('limits-part').locator('summary').click()
  await form.getByTestId('limit-processes-on').check()
  await form.getByTestId('limit-processes-value').fill('2000')
  await form.getByTestId('preview-button').click()
  await expect(page.getByTestId('preview').getByTestId('policy-command')).toContainText('/')
  await page.keyboard.press('Escape')
  await expect(page.getByTestId('preview')).toHaveCount(0)
  await form.getByTestId('start-session').click()
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'running')

  // Tried again by its key, from the terminal: another report, and nothing has drifted.
  await page.getByTestId('terminal').click()
  await page.keyboard.press('Control+Shift+Y')
  await page.getByRole('tab', { name: 'Events' }).click()
  await expect(page.getByText('Isolation probed: 4 of 4 axes proven')).toHaveCount(2)
  await expect(page.getByTestId('probe-again')).toBeEnabled()
  await expect(page.getByTestId('drift')).toHaveCount(0)

  await page.getByTestId('terminal').click()
  await page.keyboard.press('Control+Shift+L')
  await expect(page.getByTestId('policy').getByTestId('policy-command')).toContainText('/')
  await page.keyboard.press('Escape')
  await stopSession(page)
  await expect(page.getByTestId('probe-again')).toBeDisabled()
  await page.getByTestId('open-policy').click()
  await expect(page.getByTestId('policy').getByTestId('policy-command')).toContainText('/')
})
