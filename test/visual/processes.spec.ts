import { expect, type Page } from '@playwright/test'
import { overflowing, seenBy, test, unreadable } from './harness.ts'

const MAIN = 'sessions/ses_00000001'
const NPM = '[data-testid=process-row][data-pid="4151"]'

const openTree = async (page: Page): Promise<void> => {
  await page.getByTestId('inspector-tab-processes').click()
  await page.getByTestId('process-rows').waitFor()
}

const storm = (page: Page, standing: number, perSecond: number): Promise<void> =>
  page.evaluate(
    ([stay, rate]) => {
      const { fakeHost } = window as unknown as {
        fakeHost: { storm(standing: number, perSecond: number): () => void }
      }
      Object.assign(window, { endStorm: fakeHost.storm(stay, rate) })
    },
    [standing, perSecond] as const,
  )

test('what ended long ago is folded away, found by the filter, and unfolds', async ({ open }) => {
  const page = await open('quiet', MAIN)
  await openTree(page)
  const rows = page.getByTestId('process-row')
  await expect(page.locator(NPM)).toBeVisible()
  await expect(page.locator('[data-pid="4121"]')).toHaveCount(0)
  const past = page.getByTestId('past-row')
  await expect(past).toHaveText('8 processes ended earlier')
  await past.click()
  await expect(page.locator('[data-pid="4121"]')).toBeVisible()
  await past.click()
  await expect(page.locator('[data-pid="4121"]')).toHaveCount(0)

  await page.getByTestId('process-filter').fill('vitest 2')
  await expect(page.locator('[data-pid="4132"]')).toBeVisible()
  // What leads to it stands above it, and nothing else.
  await expect(rows).toHaveCount(5)
  await expect(page.getByTestId('process-count')).toHaveText('5 shown')
  await page.getByTestId('process-filter').fill('')
  await page.getByTestId('process-ended').uncheck()
  await expect(past).toHaveCount(0)
  await expect(rows).toHaveCount(5)
})

test('the tree is worked with the keys, and its order is chosen', async ({ open }) => {
  const page = await open('quiet', MAIN)
  await openTree(page)
  const pids = (): Promise<(string | undefined)[]> =>
    page
      .getByTestId('process-row')
      .evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset['pid']))
  expect(await pids()).toEqual(['4100', '4150', '4151', '4160', '4161'])
  await page.getByTestId('process-order').selectOption('age')
  await expect.poll(pids).toEqual(['4100', '4160', '4161', '4150', '4151'])
  await page.getByTestId('process-order').selectOption('cpu')
  await expect.poll(pids).toEqual(['4100', '4150', '4151', '4160', '4161'])
  await page.locator('[data-pid="4160"]').click()
  await page.getByTestId('process-rows').focus()
  await page.keyboard.press('ArrowLeft')
  await expect.poll(pids).toEqual(['4100', '4150', '4151', '4160'])
  await page.keyboard.press('ArrowLeft')
  await expect(page.getByTestId('started-by')).toHaveCount(0)
  await page.keyboard.press('ArrowLeft')
  await expect.poll(pids).toEqual(['4100'])
  await page.keyboard.press('ArrowRight')
  await expect.poll(pids).toEqual(['4100', '4150', '4151', '4160'])
})

test('details say what it is, who started it, and what it tried to reach', async ({ open }) => {
  const page = await open('quiet', MAIN)
  await openTree(page)
  await page.locator(NPM).click()
  await expect(page.getByTestId('started-by')).toHaveText('claude › bash › ')
  await expect(page.getByTestId('process-origin')).toHaveText('a program of the system')
  await page.getByTestId('process-environment').locator('summary').click()
  await expect(page.getByTestId('process-environment')).toContainText('HTTPS_PROXY')
  await expect(page.getByTestId('process-writing')).toContainText('1')
  await page.getByTestId('started-by').getByText('claude').click()
  const attempts = page.getByTestId('process-attempts')
  await attempts.locator('summary').click()
  await expect(attempts).toContainText('telemetry.example.net:443 refused, prompted')
  await attempts.getByText('telemetry.example.net:443').last().click()
  await expect(page.getByTestId('network-details')).toContainText('telemetry.example.net:443')
  // And back: who asked is a way into the tree, also where it was folded away.
  await page.locator('[data-host="raw.githubusercontent.com"]').click()
  await page.getByTestId('network-requester').click()
  await expect(page.getByTestId('process-details')).toContainText('git diff --stat')
  await expect(page.locator('[data-pid="4141"]')).toBeVisible()
})

test('a prompt leads to the process that asks', async ({ open }) => {
  const page = await open('busy', 'sessions/ses_00000002')
  await page.getByTestId('prompt-card').waitFor()
  await page.getByTestId('prompt-details').locator('summary').click()
  await page.getByTestId('prompt-process').first().click()
  await expect(page.getByTestId('session-title')).toHaveText('Fix the login redirect')
  await expect(page.getByTestId('process-details')).toContainText('npm install zod@4')
})

test('a part of the tree is copied as text and as JSON', async ({ open }) => {
  const page = await open('quiet', MAIN)
  await openTree(page)
  await page.locator('[data-pid="4150"]').click()
  // The clipboard as a person would use it: pasted into a field.
  const copied = async (label: string): Promise<string> => {
    await page.getByTestId('process-copies').getByText(label).click()
    return page.evaluate(async () => {
      const area = document.body.appendChild(document.createElement('textarea'))
      area.focus()
      document.execCommand('paste')
      const text = area.value || (await navigator.clipboard.readText())
      area.remove()
      return text
    })
  }
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  expect(await copied('Copy text')).toBe(
    '   4150  /bin/bash -c npm install zod@4  (shell)\n   4151    npm install zod@4  (tool)',
  )
  const nodes: unknown = JSON.parse(await copied('Copy JSON'))
  expect(nodes).toMatchObject([
    { pid: 4150, role: 'shell' },
    { pid: 4151, parent: '4150:4150' },
  ])
})

test('freezing is one click, ending is asked about, and what remained is said', async ({
  open,
}) => {
  const page = await open('quiet', MAIN)
  await openTree(page)
  await page.locator('[data-pid="4150"]').click()
  await page.getByTestId('process-freeze').click()
  await expect(page.getByTestId('done')).toHaveText('Froze 2 processes.')
  await page.getByTestId('process-thaw').click()
  await page.getByTestId('control-scope-process').check({ force: true })
  await page.getByTestId('process-stop').click()
  await expect(page.getByTestId('confirm-control')).toContainText('Stop this process?')
  await page.getByTestId('confirm-control-cancel').click()
  await page.getByTestId('control-scope-subtree').check({ force: true })
  await page.getByTestId('process-kill').click()
  await expect(page.getByTestId('confirm-control')).toContainText('Kill 2 processes?')
  await page.getByTestId('confirm-control-confirm').click()
  await expect(page.getByTestId('problem')).toHaveText(
    'Killed 2 processes. 1 process is still there.',
  )
  await page.locator('[data-pid="4160"]').click()
  await page.getByTestId('process-freeze').click()
  await expect(page.getByTestId('problem')).toHaveText('This process has already ended.')
  expect((await seenBy(page)).filter((line) => /freeze|thaw|stop|kill/.test(line))).toEqual([
    'freeze subtree 4150:4150',
    'thaw subtree 4150:4150',
    'kill subtree 4150:4150',
    'freeze subtree 4160:4160',
  ])
})

test('a session is held and let go; everything stops by one chord or one button', async ({
  open,
}) => {
  const page = await open('quiet', MAIN)
  await page.getByTestId('session-freeze').click()
  await expect(page.getByTestId('session-status')).toContainText('frozen')
  await page.getByTestId('session-thaw').click()
  await expect(page.getByTestId('session-status')).toContainText('running')
  await page.getByTestId('terminal').click()
  await page.keyboard.press('Control+Shift+X')
  await expect(page.getByTestId('confirm-stop-all')).toContainText('Stop all')
  await page.getByTestId('confirm-stop-all-cancel').click()
  await page.getByTestId('stop-all').click()
  await page.getByTestId('confirm-stop-all-confirm').click()
  await expect.poll(() => seenBy(page)).toContain('stop everything')
  expect((await seenBy(page)).filter((line) => line === 'stop everything')).toHaveLength(1)
})

test('what outlived its session is shown and ended with one click', async ({ open }) => {
  const page = await open('orphans', MAIN)
  const banner = page.getByTestId('orphans')
  await expect(banner).toContainText('1 process outlived')
  await banner.locator('summary').click()
  await expect(banner).toContainText('node server.js --port 5173')
  await page.getByTestId('orphans-end').click()
  await expect(banner).toHaveCount(0)
  expect(await seenBy(page)).toContain('end orphans of ses_00000005')
})

test('ten thousand processes are a few rows of the page, and it still answers', async ({
  open,
}) => {
  const page = await open('quiet', MAIN)
  await openTree(page)
  await storm(page, 10_000, 2000)
  await expect(page.getByTestId('process-count')).toHaveText(/^10,?00\d running$/)
  await page.waitForTimeout(3000)
  expect(await page.getByTestId('process-row').count()).toBeLessThan(120)
  await page.getByTestId('process-filter').fill('npm install zod')
  await expect(page.locator(NPM)).toBeVisible()
  await page.getByTestId('process-filter').fill('')
  await page.locator('[data-pid="4150"]').click()
  await page.getByTestId('timeline-tab-flame').click()
  await expect(page.getByTestId('flame-canvas')).toBeVisible()
  await page.evaluate(() => (window as unknown as { endStorm(): void }).endStorm())
})

for (const theme of ['light', 'dark'] as const)
  for (const width of [1440, 1024])
    test(`processes over time, ${theme}, ${width}`, async ({ open }, info) => {
      const page = await open('quiet', MAIN, { theme, width })
      await openTree(page)
      await page.locator(NPM).click()
      await page.getByTestId('process-environment').waitFor()
      await page.getByTestId('timeline-tab-flame').click()
      await page.evaluate(() => document.fonts.ready)
      const path = info.outputPath('screen.png')
      await page.screenshot({ path, caret: 'initial' })
      await info.attach('processes over time', { path, contentType: 'image/png' })
      expect({
        overflowing: await overflowing(page),
        unreadable: await unreadable(page),
      }).toEqual({ overflowing: [], unreadable: [] })
    })
