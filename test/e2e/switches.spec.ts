import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, type Page, test } from '@playwright/test'
import { type App, launchApp, makePlace, removePlace, type ShellName } from '../helpers/app.ts'
import { startFirstSession, stopSession } from '../helpers/person.ts'

let app: App

test.beforeEach(async ({}, info) => {
  const place = await makePlace()
  await writeFile(join(place.workspace, 'loop.sh'), LOOP)
  await writeFile(join(place.workspace, '.env'), 'TOKEN=1\n')
  app = await launchApp({ shell: info.project.name as ShellName, place })
})
test.afterEach(async () => {
  await app.close()
  await removePlace(app.place)
})

/** Goes on for as long as it may, and leaves in the folder what it could do. Port 1 is nobody's. */
const LOOP = `n=0
while :; do
  n=$((n + 1)); echo $n >beat; touch made; cp .env copy
  if [ -e ask ]; then
    rm ask
    curl -s -o answer.part -w '%{http_code}' --max-time 60 http://host.cloche.internal:1/ >code.part
    mv code.part code
  fi
  sleep 0.2
done 2>/dev/null
`

const at = (name: string): string => join(app.place.workspace, name)
const text = (name: string): Promise<string> => readFile(at(name), 'utf8').catch(() => '')

/** Another session may be shown by now; it runs, and what was asked of it is proven. */
async function isProven(page: Page, testId: string, axis: string): Promise<void> {
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'running')
  await expect(page.getByTestId(testId).getByLabel(/^Proven at/)).toBeVisible()
  await expect(page.getByTestId(`axis-${axis}`)).toHaveAttribute('data-look', /narrow|wide/)
}

/** Whether it is made again after it was removed. */
async function comesBack(name: string): Promise<boolean> {
  await rm(at(name), { force: true })
  const endMs = Date.now() + 3000
  while (Date.now() < endMs && !existsSync(at(name))) await new Promise((go) => setTimeout(go, 100))
  return existsSync(at(name))
}

test('every switch takes effect, is proven, and is a line of the timeline', async () => {
  const { page } = app
  await startFirstSession(page, 'command', 'sh loop.sh')
  await page.getByTestId('open-change-limits').click()
  await page.getByTestId('limit-disk-on').check()
  await page.getByTestId('limit-disk-value').fill('64 MiB')
  await page.getByTestId('change-limits-apply').click()
  await expect(page.getByTestId('limit-in-force-disk')).toContainText('64 MiB')
  await page.getByRole('tab', { name: 'Events' }).click()
  await page.getByLabel('Filter events').fill('Limits set')
  await expect(page.getByRole('option', { name: /64 MiB written/ })).toBeVisible()

  // Services of this machine: a question, or a refusal without one.
  await writeFile(at('ask'), '')
  await expect(page.getByTestId('prompt-host')).toContainText('host.cloche.internal')
  await page.getByTestId('switch-services-to-refused').click()
  await expect(page.getByTestId('prompt-host')).toHaveCount(0)
  await isProven(page, 'switch-services', 'network')
  await expect.poll(() => text('code')).toBe('403')
  await rm(at('code'))
  await writeFile(at('ask'), '')
  await expect.poll(() => text('code')).toBe('403')
  await expect(page.getByTestId('prompt-host')).toHaveCount(0)

  await page.getByTestId('session-freeze').click()
  await expect(page.getByTestId('session-thaw')).toBeVisible()
  expect(await comesBack('beat')).toBe(false)
  await page.getByTestId('session-thaw').click()
  await expect.poll(() => comesBack('beat')).toBe(true)

  await expect.poll(() => text('copy')).toBe('TOKEN=1\n')
  await page.getByTestId('switch-secrets-to-masked').click()
  await expect(page.getByTestId('switch-secrets-to-masked')).toBeChecked()
  await isProven(page, 'switch-secrets', 'files')
  await expect.poll(() => comesBack('copy')).toBe(true)
  expect(await text('copy')).toBe('')

  expect(await comesBack('made')).toBe(true)
  await page.getByTestId('switch-workspace-to-read').click()
  await expect(page.getByTestId('switch-workspace-to-read')).toBeChecked()
  await isProven(page, 'switch-workspace', 'files')
  await page.getByRole('tab', { name: 'Events' }).click()
  await page.getByLabel('Filter events').fill('Started again')
  await expect(page.getByRole('option', { name: /workspace read only/ })).toBeVisible()
  expect(await comesBack('made')).toBe(false)

  // Back is more than it has: said first, and done only then.
  await page.getByTestId('switch-workspace-to-write').click()
  await page.getByTestId('confirm-change-confirm').click()
  await expect(page.getByTestId('switch-workspace-to-write')).toBeChecked()
  await isProven(page, 'switch-workspace', 'files')
  await expect.poll(() => comesBack('made')).toBe(true)
  // What was turned before is as it was left.
  await expect(page.getByTestId('switch-secrets-to-masked')).toBeChecked()
  await expect(page.getByTestId('limit-in-force-disk')).toContainText('64 MiB')
  await stopSession(page)
})
