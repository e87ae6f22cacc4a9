import { expect } from '@playwright/test'
import { overflowing, seenBy, test, unreadable } from './harness.ts'

/** As the field writes it, in the page's own time zone. */
const inAnHour = (): string => {
  const at = new Date(Date.now() + 3_600_000)
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

const MAIN = 'sessions/ses_00000001'

test('a rule is written by hand, says what it covers, is refused in words, saved and undone', async ({
  open,
}) => {
  const page = await open('quiet', 'rules')
  await page.getByTestId('rule-add').click()
  await expect(page.getByTestId('rule-save')).toBeDisabled()
  await page.getByTestId('rule-host').fill('*.org')
  await expect(page.getByTestId('rule-problem')).toHaveText('The wildcard covers far too much.')
  await page.getByTestId('rule-host').fill('10.0.0.0/8')
  await page.getByTestId('rule-action-ask').check({ force: true })
  await page.getByTestId('rule-port').fill('5432x')
  await expect(page.getByTestId('rule-problem')).toContainText('1 to 65535')
  await page.getByTestId('rule-port').fill('5432')
  await page.getByTestId('rule-scope').selectOption({ label: 'Workspace /home/ada/src/lighthouse' })
  // Until a time that is over, or none at all, is answered before anything is saved.
  await page.getByTestId('rule-time').selectOption('until')
  await page.getByTestId('rule-until').fill('2001-01-01T10:00')
  await page.getByTestId('rule-save').click()
  await expect(page.getByTestId('rule-problem')).toContainText('a time that is to come')
  await page.getByTestId('rule-until').fill(inAnHour())
  await expect(page.getByTestId('rule-words')).toHaveText(
    'Everything in sessions of this workspace must ask before it connects to the addresses 10.0.0.0/8, port 5432. 10 attempts so far would have been covered.',
  )
  await page.getByTestId('rule-save').click()
  await expect(page.getByTestId('rule-dialog')).toHaveCount(0)
  const row = page.locator('[data-testid=rule-row][data-host="10.0.0.0/8"]')
  await expect(row).toContainText('Ask')
  await expect(row).toContainText('ends in 59')
  await expect(page.getByTestId('done')).toContainText('Saved: ask 10.0.0.0/8:5432')
  await page.getByTestId('undo').click()
  await expect(row).toHaveCount(0)
  expect(await seenBy(page)).toContain('save ask 10.0.0.0/8 5432 workspace')
})

test('a rule is changed, revoked, and given back', async ({ open }) => {
  const page = await open('quiet', 'rules')
  const row = page.locator('[data-testid=rule-row][data-host="telemetry.example.net"]')
  await row.getByTestId('rule-edit').click()
  await page.getByTestId('rule-action-allow').check({ force: true })
  await page.getByTestId('rule-scheme').selectOption('https')
  await page.getByTestId('rule-save').click()
  await expect(row).toContainText('Allow')
  await expect(row).toContainText('TLS')
  await page.getByTestId('undo').click()
  await expect(row).toContainText('Deny')
  await row.getByTestId('rule-revoke').click()
  await expect(row).toHaveCount(0)
  await page.getByTestId('undo').click()
  await expect(row).toContainText('Deny')
})

test('lists of hosts are read before they are taken, in the rules and at a start', async ({
  open,
}) => {
  const page = await open('quiet', 'rules')
  const list = page.getByTestId('preset-github')
  await expect(list.getByTestId('preset-github-summary')).toContainText('github.com')
  await list.locator('summary').click()
  await expect(list).toContainText('pages and Git over HTTPS')
  await page.getByTestId('preset-github-take').click()
  await expect(page.getByTestId('done')).toContainText('GitHub: 2 hosts are allowed.')
  await expect(page.getByTestId('preset-github-take')).toBeDisabled()
  await page.getByTestId('undo').click()
  await expect(page.getByTestId('preset-github-take')).toBeEnabled()

  await page.keyboard.press('Control+Shift+N')
  await page.getByTestId('hosts-part').locator('summary').click()
  await page.getByTestId('grant-preset-npm').check()
  await expect(page.getByTestId('hosts-part-summary')).toHaveText('1 host allowed beforehand')
})

test('one answer settles every prompt of a domain or of a process', async ({ open }) => {
  const page = await open('busy', 'prompts')
  await page.evaluate(() => {
    const { fakeHost } = window as unknown as { fakeHost: { raise(host: string): void } }
    fakeHost.raise('a.other.example')
  })
  const batch = page.locator('[data-batch="process 4151:4151"]')
  await expect(batch).toContainText('2 of npm')
  await expect(batch.getByTestId('batch-deny')).toBeEnabled()
  await batch.getByTestId('batch-deny').click()
  await expect
    .poll(async () => (await seenBy(page)).filter((line) => line.startsWith('deny')))
    .toEqual(['deny once registry.example.org', 'deny once a.other.example'])
})

for (const theme of ['light', 'dark'] as const)
  test(`the rules and a new one, ${theme}`, async ({ open }, info) => {
    const page = await open('quiet', 'rules', { theme, width: 1024 })
    await page.getByTestId('presets').waitFor()
    const look = async (name: string): Promise<void> => {
      const path = info.outputPath(`${name}.png`)
      await page.screenshot({ path, caret: 'initial' })
      await info.attach(name, { path, contentType: 'image/png' })
      expect({
        overflowing: await overflowing(page),
        unreadable: await unreadable(page),
      }).toEqual({ overflowing: [], unreadable: [] })
    }
    await look('rules')
    await page.getByTestId('rule-add').click()
    await page.getByTestId('rule-host').fill('*.example.org')
    await expect(page.getByTestId('rule-words')).toContainText('attempts')
    await look('new-rule')
  })

test('a rule may speak of single requests, and says what that takes', async ({ open }) => {
  const page = await open('quiet', 'rules')
  await page.getByTestId('rule-add').click()
  await page.getByTestId('rule-host').fill('api.example.org')
  await page.getByTestId('rule-requests').locator('summary').click({ timeout: 3000 })
  await page.getByTestId('rule-path').fill('repos')
  await expect(page.getByTestId('rule-problem')).toContainText('A path begins with a slash')
  await page.getByTestId('rule-path').fill('/repos/**')
  await page.getByTestId('rule-methods').fill('get, head')
  await expect(page.getByTestId('rule-problem')).toHaveCount(0)
  await expect(page.getByTestId('rule-words')).toContainText(
    'may connect to api.example.org, every port, only GET and HEAD to /repos/**. TLS to it is looked into',
  )
  await page.getByTestId('rule-save').click()
  await expect(page.getByTestId('done')).toContainText('only GET and HEAD to /repos/**')
  const row = page.locator('[data-testid=rule-row][data-host="api.example.org"]')
  await row.getByTestId('rule-edit').click()
  await expect(page.getByTestId('rule-methods')).toHaveValue('GET, HEAD')
  await page.getByTestId('rule-inspect').selectOption('false')
  await page.getByTestId('rule-methods').fill('')
  await page.getByTestId('rule-path').fill('')
  await expect(page.getByTestId('rule-words')).toContainText('TLS to it is never looked into.')
})

test('requests that were looked into are listed under their connection', async ({ open }) => {
  const page = await open('quiet', MAIN)
  await page.getByTestId('inspector-tab-network').click()
  await page.getByTestId('network-row').last().click()
  await expect(page.getByTestId('network-carried')).toHaveText(
    'TLS for api.anthropic.com, looked into',
  )
  const lines = page.getByTestId('network-exchanges').locator('li')
  await expect(lines).toHaveText([
    'GET /v1/models: 200, with API_KEY',
    'POST /v1/messages: 200, with API_KEY',
    /^DELETE \/v1\/files\/all: Cloche refused/,
  ])
})
