import { spawnSync } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { type App, type AppPlace, launchApp, removePlace } from '../helpers/app.ts'
import { type Keyring, startKeyring } from '../helpers/keyring.ts'
import { stopSession } from '../helpers/person.ts'

const hasKeyring = spawnSync('gnome-keyring-daemon', ['--version']).status === 0
if (process.env.CI && !hasKeyring) throw new Error('CI must have a keyring')
test.skip(!hasKeyring, 'this machine has no gnome-keyring')

const SECRET = 'hunter2-of-the-keyring'

let keyring: Keyring
let app: App
test.beforeEach(async () => {
  keyring = await startKeyring()
  app = await launchApp({ shell: 'electron', env: keyring.env })
})
test.afterEach(async () => {
  await app.close()
  await keyring.end()
  await removePlace(app.place)
})

/** Files of this folder that show the value as it is. */
async function showing({ dataDir }: AppPlace): Promise<string[]> {
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const texts = await Promise.all(
    files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8').catch(() => '')),
  )
  return files.filter((_, index) => texts[index]?.includes(SECRET)).map(({ name }) => name)
}

test('a kept value is sealed by the desktop’s keyring, outlives Cloche, and opens with that keyring alone', async () => {
  const { page, place } = app
  const kept = page.getByTestId('kept-variable')
  await page.getByTestId('rail-doctor').click()
  await expect(page.getByTestId('kept-variables')).toContainText('gnome_libsecret')
  await page.getByTestId('variable-name').fill('MY_TOKEN')
  await page.getByTestId('variable-value').fill(SECRET)
  await page.getByTestId('keep-variable').click()
  await expect(kept).toContainText('encrypted on disk')
  const sealed = await readFile(join(place.dataDir, 'variables.json'), 'utf8')
  expect(sealed).toContain('MY_TOKEN')
  expect(await showing(place)).toEqual([])

  // Started again, with the same keyring: let into a session, and right.
  await app.close()
  app = await launchApp({ shell: 'electron', env: keyring.env, place })
  const again = app.page
  await again.getByTestId('first-run-options').click()
  const form = again.getByTestId('new-session')
  await form.getByTestId('agent-command').click()
  await form.getByTestId('command-line').fill('sh -c "echo $MY_TOKEN >token; sleep 60"')
  await form.getByTestId('folder-row').filter({ hasText: 'project' }).dblclick()
  await form.getByTestId('variables-part').locator('summary').click()
  await form.getByTestId('grant-name').fill('MY_TOKEN')
  await form.getByTestId('grant-add').click()
  await form.getByTestId('start-session').click()
  const written = (): Promise<string> =>
    readFile(join(place.workspace, 'token'), 'utf8').catch(() => '')
  await expect.poll(written).toBe(`${SECRET}\n`)
  await stopSession(again)
  expect(await showing(place)).toEqual([])

  // Without that keyring it stays closed, and is neither lost nor guessed.
  await app.close()
  await keyring.end()
  keyring = await startKeyring()
  app = await launchApp({ shell: 'electron', env: keyring.env, place })
  await app.page.getByTestId('rail-doctor').click()
  await expect(app.page.getByTestId('kept-variables')).toBeVisible()
  await expect(app.page.getByTestId('kept-variable')).toHaveCount(0)
  expect(await readFile(join(place.dataDir, 'variables.json'), 'utf8')).toBe(sealed)
})
