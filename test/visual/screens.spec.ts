import { expect, type Page } from '@playwright/test'
import { overflowing, test, unreadable } from './harness.ts'

interface Screen {
  readonly name: string
  readonly scenario: string
  readonly route: string
  /** Present when the screen has come up. */
  readonly shows: string
  readonly after?: (page: Page) => Promise<void>
}

const MAIN = 'sessions/ses_00000001'
const ENDED = 'ses_00000004'

const SCREENS: readonly Screen[] = [
  { name: 'workbench with a prompt', scenario: 'busy', route: MAIN, shows: 'prompt-card' },
  {
    name: 'workbench with a question of the agent',
    scenario: 'question',
    route: MAIN,
    shows: 'question-card',
  },
  {
    name: 'questions of the agent',
    scenario: 'question',
    route: 'prompts',
    shows: 'question-card',
  },
  {
    name: 'how far an answer reaches',
    scenario: 'busy',
    route: MAIN,
    shows: 'prompt-reach',
    after: async (page) => {
      await page.getByTestId('prompt-scope').locator('summary').click()
      await page.getByTestId('prompt-whom').selectOption('process')
      await page.getByTestId('prompt-where').selectOption('*.example.org|true')
      await page.getByTestId('prompt-time').selectOption('300000')
    },
  },
  {
    name: 'processes',
    scenario: 'quiet',
    route: MAIN,
    shows: 'process-details',
    after: async (page) => {
      await page.getByTestId('inspector-tab-processes').click()
      await page.getByTestId('process-row').first().click()
    },
  },
  {
    name: 'network',
    scenario: 'quiet',
    route: MAIN,
    shows: 'network-details',
    after: async (page) => {
      await page.getByTestId('inspector-tab-network').click()
      await page.getByTestId('network-row').nth(2).click()
    },
  },
  {
    name: 'session rules',
    scenario: 'quiet',
    route: MAIN,
    shows: 'session-rules',
    after: (page) => page.getByTestId('inspector-tab-rules').click(),
  },
  {
    name: 'events',
    scenario: 'quiet',
    route: MAIN,
    shows: 'event-details',
    after: async (page) => {
      await page.getByTestId('timeline-tab-events').click()
      await page.getByTestId('event-rows').getByRole('option').last().click()
    },
  },
  {
    name: 'drift',
    scenario: 'quiet',
    route: 'sessions/ses_00000002',
    shows: 'axis-network',
    after: (page) => page.getByTestId('axis-network').getByRole('button').click(),
  },
  {
    name: 'ended session',
    scenario: 'quiet',
    route: `sessions/${ENDED}`,
    shows: 'recorded-terminal',
  },
  {
    name: 'failed session',
    scenario: 'quiet',
    route: 'sessions/ses_00000006',
    shows: 'start-failure',
  },
  { name: 'no session chosen', scenario: 'quiet', route: 'sessions', shows: 'empty-new-session' },
  { name: 'prompt inbox', scenario: 'busy', route: 'prompts', shows: 'prompt-homograph' },
  { name: 'empty inbox', scenario: 'quiet', route: 'prompts', shows: 'page-prompts' },
  { name: 'flooded inbox', scenario: 'flood', route: 'prompts', shows: 'prompt-deny-all' },
  { name: 'recordings', scenario: 'quiet', route: 'recordings', shows: 'recording-rows' },
  { name: 'replay', scenario: 'quiet', route: `recordings/${ENDED}`, shows: 'replay-bar' },
  { name: 'rules', scenario: 'quiet', route: 'rules', shows: 'page-rules' },
  { name: 'doctor', scenario: 'quiet', route: 'doctor', shows: 'page-doctor' },
  { name: 'blocked machine', scenario: 'blocked', route: 'doctor', shows: 'page-doctor' },
  { name: 'first run', scenario: 'first-run', route: 'sessions', shows: 'abilities' },
  {
    name: 'new session',
    scenario: 'quiet',
    route: MAIN,
    shows: 'grants',
    after: async (page) => {
      await page.getByTestId('new-session-button').click()
      await page.getByTestId('agent-claude-code').click()
    },
  },
  {
    name: 'unconfined',
    scenario: 'quiet',
    route: MAIN,
    shows: 'unconfined-warning',
    after: async (page) => {
      await page.getByTestId('new-session-button').click()
      await page.getByTestId('level-unconfined').click()
    },
  },
  {
    name: 'palette',
    scenario: 'quiet',
    route: MAIN,
    shows: 'palette',
    after: async (page) => {
      await page.getByTestId('terminal').waitFor()
      await page.keyboard.press('Control+Shift+P')
    },
  },
  { name: 'containers', scenario: 'quiet', route: 'containers', shows: 'container-usage' },
  {
    name: 'containers without an engine',
    scenario: 'first-run',
    route: 'containers',
    shows: 'page-containers',
  },
  {
    name: 'an image to build',
    scenario: 'quiet',
    route: 'containers',
    shows: 'make-image',
    after: async (page) => {
      await page.getByTestId('make-build').click()
      await page.getByTestId('make-begin').click()
      await page.getByTestId('make-problem').waitFor()
    },
  },
  {
    name: 'a dev container',
    scenario: 'engine',
    route: MAIN,
    shows: 'dev-risk',
    after: async (page) => {
      await page.getByTestId('new-session-button').click()
      await page.getByTestId('level-container').click()
      await page.getByTestId('dev-container-part').locator('summary').click()
      await page.getByTestId('dev-container').selectOption({ index: 1 })
      await page.getByTestId('dev-risk').first().scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'agents compared',
    scenario: 'quiet',
    route: 'doctor',
    shows: 'posture',
    after: (page) => page.getByTestId('postures').scrollIntoViewIfNeeded(),
  },
  {
    name: 'tidying up',
    scenario: 'quiet',
    route: 'containers',
    shows: 'tidy-row',
    after: (page) => page.getByTestId('tidy').click(),
  },
  {
    name: 'keys',
    scenario: 'quiet',
    route: 'doctor',
    shows: 'keys-help',
    after: async (page) => {
      await page.getByTestId('page-doctor').waitFor()
      await page.keyboard.press('?')
    },
  },
  { name: 'incompatible host', scenario: 'incompatible', route: '', shows: 'connection-banner' },
  { name: 'no host', scenario: 'silent', route: '', shows: 'not-connected' },
]

const LOOKS = [
  { theme: 'light', width: 1440, height: 900 },
  { theme: 'dark', width: 1440, height: 900 },
  // What a narrow window changes is the same in both themes.
  { theme: 'dark', width: 1024, height: 700 },
] as const

for (const look of LOOKS)
  for (const screen of SCREENS)
    test(`${screen.name}, ${look.theme}, ${look.width}`, async ({ open }, info) => {
      const page = await open(screen.scenario, screen.route, look)
      await screen.after?.(page)
      await expect(page.getByTestId(screen.shows).first()).toBeVisible()
      await page.evaluate(() => document.fonts.ready)
      // Without `initial` the tool adds an inline style to the page, which the CSP reports.
      const path = info.outputPath('screen.png')
      const picture = await page.screenshot({ path, caret: 'initial' })
      await info.attach(screen.name, { path, contentType: 'image/png' })
      expect({
        overflowing: await overflowing(page),
        unreadable: await unreadable(page),
      }).toEqual({ overflowing: [], unreadable: [] })
      expect(await countColours(page, picture)).toBeGreaterThan(24)
    })

/** Distinct colours of a picture: a blank or half-painted page has next to none. */
function countColours(page: Page, picture: Buffer): Promise<number> {
  return page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d')!
    context.drawImage(image, 0, 0)
    const { data } = context.getImageData(0, 0, image.width, image.height)
    const colours = new Set<number>()
    for (let at = 0; at < data.length; at += 4 * 7)
      colours.add((data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!)
    return colours.size
  }, picture.toString('base64'))
}
