import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { type App, launchApp, makePlace, removePlace, type ShellName } from '../helpers/app.ts'
import { type FakeModel, startFakeModel } from '../helpers/fake-model.ts'
import { AGENTS_BIN, answerUntil, readableText, startFirstSession } from '../helpers/person.ts'
import { CLAUDE_ENV, signedInClaude } from '../helpers/signed-in.ts'

let app: App
let model: FakeModel

test.beforeEach(async ({}, info) => {
  model = await startFakeModel('echo made > made-by-tool')
  const place = await makePlace()
  const home = join(place.dataDir, 'homes/claude-code')
  await signedInClaude(home, place.workspace)
  await writeFile(join(home, '.claude/settings.json'), JSON.stringify({ env: CLAUDE_ENV }))
  app = await launchApp({
    shell: info.project.name as ShellName,
    env: { PATH: `${AGENTS_BIN}:${process.env.PATH}` },
    hosts: { 'model.test': model.address },
    place,
  })
})
test.afterEach(async () => {
  await app.close()
  model.close()
  await removePlace(app.place)
})

test('Claude Code asks in the window, and what a person clicks is what it does', async () => {
  const { page, place } = app
  await startFirstSession(page, 'claude-code')
  // It draws what is typed letter by letter.
  const words = async () => (await readableText(place)).replaceAll(' ', '')
  await expect.poll(words, { timeout: 30_000 }).toContain('?forshortcuts')
  await page.getByTestId('terminal').click()
  await page.keyboard.type('Please do it.')
  await expect.poll(words, { timeout: 15_000 }).toContain('Pleasedoit.')
  await page.keyboard.press('Enter')
  await answerUntil(page, 'model.test', 'allow', 'This session')
  // In the inbox all are seen, also those that came before it.
  await page.getByTestId('status-prompts').click()
  const card = page.getByTestId('question-card')
  await expect(card).toBeVisible({ timeout: 30_000 })
  await expect(card).toContainText('echo made > made-by-tool')
  // A card ignores keys and clicks in its first moments, so that nobody answers by accident.
  await page.waitForTimeout(600)
  await page.getByTestId('question-allow').click()
  const made = () => readFile(join(place.workspace, 'made-by-tool'), 'utf8').catch(() => null)
  await expect.poll(made, { timeout: 30_000 }).toBe('made\n')
  await expect(card).toHaveCount(0)
  await page.getByRole('button', { name: 'Sessions', exact: true }).click()
  await page.getByRole('tab', { name: 'Events' }).click()
  await page.getByRole('textbox', { name: 'Filter events' }).fill('allowed to use')
  await expect(page.getByText('The agent was allowed to use Bash')).toBeVisible()
})
