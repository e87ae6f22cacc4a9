import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, type Page, test } from '@playwright/test'
import { type App, launchApp, removePlace, type ShellName } from '../helpers/app.ts'
import { startFirstSession } from '../helpers/person.ts'

const run = promisify(execFile)
const VERIFY = resolve(import.meta.dirname, '../../out/main/verify.mjs')

let app: App
let page: Page
test.beforeEach(async ({}, info) => {
  app = await launchApp({ shell: info.project.name as ShellName })
  page = app.page
  await startFirstSession(page, 'command', 'sh -c "echo a needle in the hay; sleep 0.3"')
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'ended')
})
test.afterEach(async () => {
  await app.close()
  await removePlace(app.place)
})

test('the audit is read, verified here and from outside, and tells of a change', async () => {
  await page.getByTestId('rail-audit').click()
  await expect(page.getByTestId('audit-row')).toHaveCount(2)
  await page.getByTestId('audit-filter').fill('ended normally')
  await expect(page.getByTestId('page-audit')).toContainText('Nothing fits')
  await page.getByTestId('audit-filter').fill('session/ended')
  await expect(page.getByTestId('audit-row')).toHaveCount(1)
  await page.getByTestId('audit-filter').fill('')
  await page.getByTestId('audit-verify').click()
  await expect(page.getByTestId('audit-verdict')).toContainText('All 2 entries')
  const args = [VERIFY, '--data-dir', app.place.dataDir]
  expect((await run(process.execPath, args)).stdout).toContain('whole: 2 entries')

  const downloading = page.waitForEvent('download')
  await page.getByTestId('audit-export').click()
  const lines = (await readFile(await (await downloading).path(), 'utf8')).trimEnd().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as { n: number }).n)).toEqual([1, 2])

  const path = join(app.place.dataDir, 'audit.log')
  await writeFile(path, (await readFile(path, 'utf8')).replace('session/ended', 'session/endet'))
  await page.getByTestId('audit-verify').click()
  await expect(page.getByTestId('audit-verdict')).toContainText('Line 2')
  await expect(run(process.execPath, args)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('broken at line 2') as unknown,
  })
})

test('a word leads to the moment in a recording at which it was written', async () => {
  await page.getByTestId('rail-recordings').click()
  await page.getByTestId('recording-search').fill('needle in')
  await page.keyboard.press('Enter')
  const hit = page.getByTestId('search-hit').filter({ hasText: 'terminal' })
  await expect(hit.first()).toContainText('a needle in the hay')
  await hit.first().dblclick()
  await expect(page.getByTestId('replay-toggle')).toHaveAttribute('data-playing', 'false')
  await expect(page.getByTestId('replay-clock')).not.toContainText('0:00.0 /')
})

test('how long recordings are kept is said, checked and kept', async () => {
  await page.getByTestId('rail-recordings').click()
  await page.getByTestId('keep-open').click()
  await page.getByTestId('keep-days').fill('-3')
  await page.getByTestId('keep-save').click()
  await expect(page.getByTestId('keep-problem')).toContainText('1 to 3650')
  await page.getByTestId('keep-days').fill('30')
  await page.getByTestId('keep-size').fill('2.5')
  await page.getByTestId('keep-save').click()
  await expect(page.getByTestId('keep-open')).toHaveText('30 days, at most 2.5 GB')
  await page.reload()
  await expect(page.getByTestId('keep-open')).toHaveText('30 days, at most 2.5 GB')
  await expect(page.getByTestId('recording-row')).toHaveCount(1)
})

test('two recordings of one task are compared, down to the lines of a file', async () => {
  const again = async (command: string) => {
    await page.getByTestId('new-session-button').first().click()
    await page.getByTestId('agent-command').click()
    await page.getByTestId('command-line').fill(command)
    await page.getByTestId('folder-recent').first().click()
    await page.getByTestId('start-session').click()
    await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'ended')
  }
  await again('sh -c "echo one >result; /bin/ls; sleep 0.4"')
  await again('sh -c "echo two >result; /bin/pwd; sleep 0.4"')
  await page.getByTestId('rail-recordings').click()
  const rows = page.getByTestId('recording-row')
  await rows.nth(1).getByTestId('recording-compare').click()
  await expect(page.getByTestId('comparing')).toContainText('Choose the recording')
  await rows.nth(0).getByTestId('recording-compare').click()
  const programs = page.getByTestId('comparison-programs')
  await expect(programs.locator('.differs')).toContainText(['ls', 'pwd'])
  await page.getByTestId('comparison-files').getByText('result').click()
  const diff = page.getByTestId('diff')
  await expect(diff.locator('.diff-line.removed')).toContainText('one')
  await expect(diff.locator('.diff-line.added')).toContainText('two')
  await page.keyboard.press('Escape')
  await page.getByTestId('comparison-close').click()
  await expect(rows).toHaveCount(3)
})
