import { expect, type Page } from '@playwright/test'
import { overflowing, test, unreadable } from './harness.ts'

interface Screen {
  readonly name: string
  readonly route: string
  /** Present when the screen has come up. */
  readonly shows: string
  readonly after: (page: Page) => Promise<void>
}

const MAIN = 'sessions/ses_00000001'
const DRIFTED = 'sessions/ses_00000002'

async function openForm(page: Page): Promise<void> {
  await page.getByTestId('new-session-button').click()
  await page.getByTestId('agent-claude-code').click()
}

const SCREENS: readonly Screen[] = [
  {
    name: 'details closed',
    route: MAIN,
    shows: 'session-details',
    after: async (page) => {
      await openForm(page)
      await page.getByTestId('preview-button').scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'file rules',
    route: MAIN,
    shows: 'file-rule-problem',
    after: async (page) => {
      await openForm(page)
      await page.getByTestId('files-part').locator('summary').click()
      await page.getByTestId('mask-secrets').check()
      for (const path of ['docs/**', '~/notes', '../elsewhere', 'a\u202egnp.exe']) {
        await page.getByTestId('add-file-rule').click()
        await page.getByTestId('file-rule-path').last().fill(path)
      }
      await page.getByTestId('file-rule-access').nth(1).selectOption('deny')
      await page.getByTestId('preview-button').scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'limits and inner sandbox',
    route: MAIN,
    shows: 'limit-memory-problem',
    after: async (page) => {
      await openForm(page)
      await page.getByTestId('limits-part').locator('summary').click()
      await page.getByTestId('limit-cpu-on').check()
      await page.getByTestId('limit-memory-value').fill('1 MiB')
      await page.getByTestId('inner-part').locator('summary').click()
      await page.getByTestId('preview-button').scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'preview',
    route: MAIN,
    shows: 'policy-command',
    after: async (page) => {
      await openForm(page)
      await page.getByTestId('preview-button').click()
    },
  },
  {
    name: 'long policy',
    route: DRIFTED,
    shows: 'policy-command',
    after: (page) => page.getByTestId('open-policy').click(),
  },
  {
    name: 'long command',
    route: DRIFTED,
    shows: 'policy-command',
    after: async (page) => {
      await page.getByTestId('open-policy').click()
      await page.getByTestId('command-row').last().scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'isolation',
    route: MAIN,
    shows: 'limits',
    after: async (page) => {
      await page.getByTestId('limit-in-force-disk').getByRole('button').click()
    },
  },
  {
    name: 'drift',
    route: DRIFTED,
    shows: 'drift',
    after: (page) => page.getByTestId('axis-network').getByRole('button').click(),
  },
]

const LOOKS = [
  { theme: 'light', width: 1440, height: 900 },
  { theme: 'dark', width: 1440, height: 900 },
  // What a narrow window changes is the same in both themes.
  { theme: 'dark', width: 900, height: 640 },
] as const

for (const look of LOOKS)
  for (const screen of SCREENS)
    test(`${screen.name}, ${look.theme}, ${look.width}`, async ({ open }, info) => {
      const page = await open('quiet', screen.route, look)
      await screen.after(page)
      await expect(page.getByTestId(screen.shows).first()).toBeVisible()
      // Without `initial` the tool adds an inline style to the page, which the CSP reports.
      const path = info.outputPath('screen.png')
      await page.screenshot({ path, caret: 'initial' })
      await info.attach(screen.name, { path, contentType: 'image/png' })
      expect({
        overflowing: await overflowing(page),
        unreadable: await unreadable(page),
      }).toEqual({ overflowing: [], unreadable: [] })
    })
