import { expect, type Page, test } from '@playwright/test'
import { type App, launchApp, removePlace, type ShellName } from '../helpers/app.ts'
import {
  AGENTS_BIN,
  answerUntil,
  type Listener,
  readableText,
  startFirstSession,
  startListener,
  stopSession,
} from '../helpers/person.ts'

let app: App
let listener: Listener

test.beforeEach(async ({}, info) => {
  listener = await startListener()
  app = await launchApp({
    shell: info.project.name as ShellName,
    env: { PATH: `${AGENTS_BIN}:${process.env.PATH}` },
    hosts: { 'api.anthropic.com': listener.address, 'auth.openai.com': listener.address },
  })
})
test.afterEach(async () => {
  await app.close()
  listener.close()
  await removePlace(app.place)
})

/** First byte of a TLS handshake: the agent's own bytes reached the test's server. */
const TLS_HANDSHAKE = 0x16

async function seeTree(page: Page, name: RegExp): Promise<void> {
  await page.getByTestId('inspector-tab-processes').click()
  await expect(page.getByTestId('process-row').filter({ hasText: name }).first()).toBeVisible()
}

async function stopAndReplay(page: Page): Promise<void> {
  await stopSession(page)
  await page.getByTestId('session-replay').click()
  await expect(page.getByTestId('replay-bar')).toBeVisible()
  const clock = page.getByTestId('replay-clock')
  const toggle = page.getByTestId('replay-toggle')
  if ((await toggle.getAttribute('data-playing')) === 'true') await toggle.click()
  const before = await clock.innerText()
  await toggle.click()
  await expect.poll(() => clock.innerText()).not.toBe(before)
}

test('Claude Code: seen, asked, allowed, seen again', async () => {
  const { page } = app
  await startFirstSession(page, 'claude-code')
  await expect.poll(() => readableText(app.place), { timeout: 30_000 }).toContain('Claude Code')
  const words = await answerUntil(page, 'api.anthropic.com', 'allow')
  expect(words).toContain('claude')
  await expect.poll(() => listener.received()[0], { timeout: 20_000 }).toBe(TLS_HANDSHAKE)
  await page.getByRole('tab', { name: /Network/ }).click()
  await expect(
    page.getByTestId('network-row').filter({ hasText: 'api.anthropic.com' }).first(),
  ).toBeVisible()
  await seeTree(page, /claude/)
  await stopAndReplay(page)
})

test('Claude Code: denied, and told so', async () => {
  test.setTimeout(200_000)
  const { page } = app
  await startFirstSession(page, 'claude-code')
  await answerUntil(page, 'api.anthropic.com', 'deny', 'This session')
  await expect
    .poll(
      async () => {
        // Whatever else it asks for meanwhile is denied as well, so that it does not wait.
        const deny = page.getByTestId('prompt-deny')
        if (await deny.isVisible()) await deny.click().catch(() => undefined)
        return readableText(app.place)
      },
      { timeout: 150_000 },
    )
    .toContain('Unable to connect')
  expect(listener.received()).toHaveLength(0)
})

test('Codex: seen, asked, allowed, seen again', async () => {
  const { page } = app
  await startFirstSession(page, 'codex')
  await expect.poll(() => readableText(app.place), { timeout: 30_000 }).toContain('Codex')
  // Keys typed before its menu is drawn are lost.
  await expect.poll(() => readableText(app.place), { timeout: 30_000 }).toContain('Device Code')
  await page.getByTestId('terminal').click()
  await page.keyboard.press('2')
  await page.keyboard.press('Enter')
  const words = await answerUntil(page, 'auth.openai.com', 'allow')
  expect(words).toContain('codex')
  await expect.poll(() => listener.received()[0], { timeout: 20_000 }).toBe(TLS_HANDSHAKE)
  await seeTree(page, /codex/)
  await stopAndReplay(page)
})
