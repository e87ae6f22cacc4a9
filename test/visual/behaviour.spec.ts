import { expect, type Page } from '@playwright/test'
import { overflowing, seenBy, test, unreadable } from './harness.ts'

const MAIN = 'sessions/ses_00000001'
const ENDED = 'recordings/ses_00000004'

const answers = async (page: Page): Promise<string[]> =>
  (await seenBy(page)).filter((line) => /^(allow|deny) /.test(line))
const typed = async (page: Page): Promise<string[]> =>
  (await seenBy(page)).filter((line) => line.startsWith('typed'))
const focusIsIn = (page: Page, selector: string): Promise<boolean> =>
  page.evaluate((wanted) => document.activeElement?.closest(wanted) !== null, selector)

test('a prompt takes neither the focus nor a key from the terminal', async ({ open }) => {
  const page = await open('quiet', MAIN)
  await page.getByTestId('terminal').click()
  await page.evaluate(() =>
    (window as unknown as { fakeHost: { raise(host: string): void } }).fakeHost.raise(
      'new.example',
    ),
  )
  await expect(page.getByTestId('prompt-card')).toBeVisible()
  await page.keyboard.type('y')
  await page.keyboard.press('Enter')
  await page.waitForTimeout(600)
  await page.keyboard.type('y')
  expect(await answers(page)).toEqual([])
  expect(await typed(page)).toEqual(['typed "y"', 'typed "\\r"', 'typed "y"'])
})

test('a card answers nothing in its first moments, then what was chosen', async ({ open }) => {
  const page = await open('quiet', MAIN)
  // In the page, so that a slow machine cannot spend the first moments on the way there.
  await page.evaluate(async () => {
    ;(window as unknown as { fakeHost: { raise(host: string): void } }).fakeHost.raise(
      'new.example',
    )
    for (;;) {
      const allow = document.querySelector<HTMLButtonElement>('[data-testid=prompt-allow]')
      if (allow) return allow.click()
      await new Promise(requestAnimationFrame)
    }
  })
  expect(await answers(page)).toEqual([])
  await page.waitForTimeout(600)
  await page.getByTestId('prompt-lifetime-session').check({ force: true })
  await page.getByTestId('prompt-allow').click()
  await expect.poll(() => answers(page)).toEqual(['allow session new.example'])
  await page.getByTestId('prompt-undo').click()
  await expect.poll(() => seenBy(page)).toContainEqual(expect.stringMatching(/^revoke rul_/))
})

test('an answer can be made wider and shorter, and says so before it is given', async ({
  open,
}) => {
  const page = await open('busy', MAIN)
  const scope = page.getByTestId('prompt-scope')
  await expect(scope.locator('summary')).toContainText(
    'exactly registry.example.org, port 443, once',
  )
  await scope.locator('summary').click()
  await expect(page.getByTestId('prompt-where')).toBeDisabled()
  await page.getByTestId('prompt-whom').selectOption('everywhere')
  await page.getByTestId('prompt-where').selectOption('*.example.org|true')
  await page.getByTestId('prompt-time').selectOption('3600000')
  await expect(scope.locator('summary')).toContainText(
    '*.example.org on every port, in every session, for 1 hour',
  )
  await expect(page.getByTestId('prompt-reach')).toContainText('3 attempts')
  await page.getByTestId('prompt-allow').click()
  await expect.poll(() => answers(page)).toEqual(['allow everywhere registry.example.org'])
})

test('the key for the oldest prompt leads to Deny', async ({ open }) => {
  const page = await open('busy', MAIN)
  await page.getByTestId('terminal').click({ position: { x: 40, y: 300 } })
  await page.keyboard.press('Control+Shift+A')
  await expect(page.getByTestId('prompt-deny')).toBeFocused()
  await page.keyboard.press('Enter')
  await expect.poll(() => answers(page)).toEqual(['deny once registry.example.org'])
})

test('a newer prompt does not replace the one in view', async ({ open }) => {
  const page = await open('busy', MAIN)
  const card = page.getByTestId('prompt-card')
  await expect(card).toHaveAttribute('data-host', 'registry.example.org')
  await page.evaluate(() =>
    (window as unknown as { fakeHost: { raise(host: string): void } }).fakeHost.raise(
      'later.example',
    ),
  )
  await expect(page.getByTestId('prompt-behind')).toHaveText('2 more')
  await expect(card).toHaveAttribute('data-host', 'registry.example.org')
})

test('agent text in a prompt hides nothing', async ({ open }) => {
  const page = await open('busy', 'prompts')
  const card = page.getByTestId('prompt-card').nth(1)
  await card.getByTestId('prompt-details').locator('summary').click()
  await expect(card).toContainText('⟨U+202E⟩gnp.exe')
  await expect(card).toContainText('\\e[2Jok')
  await expect(card.getByTestId('prompt-host')).toHaveText(
    'xn--pypi-5na.files.pythonhosted.example:8443',
  )
})

test('the terminal answers no question, leaves the clipboard, and reports what it drew', async ({
  open,
}) => {
  const page = await open('quiet', MAIN)
  await expect
    .poll(async () => (await seenBy(page)).some((line) => line.startsWith('drawn')))
    .toBe(true)
  expect(await typed(page)).toEqual([])
  await expect(page.getByTestId('terminal-frame')).toContainText('Fix the login redirect')
  expect(await page.title()).not.toContain('Fix')
})

test('only our chords are taken from a focused terminal', async ({ open }) => {
  const page = await open('quiet', MAIN)
  await page.getByTestId('terminal').click()
  for (const key of ['Control+p', 'Control+k', 'Escape', '?', 'q', 'ArrowLeft'])
    await page.keyboard.press(key)
  await expect(page.getByRole('dialog')).toHaveCount(0)
  expect((await typed(page)).length).toBe(6)
  await page.keyboard.press('Control+Shift+E')
  expect(await focusIsIn(page, '.xterm')).toBe(false)
  await page.keyboard.press('Control+p')
  await expect(page.getByTestId('session-picker')).toBeVisible()
})

test('a paste of many lines asks first', async ({ open }) => {
  const page = await open('quiet', MAIN)
  await page.getByTestId('terminal').click()
  await page.evaluate(() => {
    const clipboardData = new DataTransfer()
    clipboardData.setData('text/plain', 'rm -rf a\nrm -rf b')
    document.activeElement?.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }),
    )
  })
  await expect(page.getByTestId('paste-confirm-cancel')).toBeFocused()
  await page.getByTestId('paste-confirm-cancel').click()
  expect(await typed(page)).toEqual([])
})

test('three clicks start a first session', async ({ open }) => {
  const page = await open('first-run', 'sessions')
  await page.getByTestId('agent-codex').click()
  await page.getByTestId('folder-recent').nth(1).click()
  await page.getByTestId('start-session').click()
  await expect(page.getByTestId('session-header')).toBeVisible()
  const created = (await seenBy(page)).find((line) => line.startsWith('create '))
  expect(JSON.parse(created!.slice('create '.length))).toEqual({
    agent: 'codex',
    command: null,
    workspace: '/home/ada/src/ledger/services/billing',
    level: 'os',
    title: null,
    network: 'ask',
    grants: [],
    useSignIn: false,
    files: [],
    maskSecrets: false,
    review: false,
    variables: [],
    learn: false,
    inspectTls: false,
    args: [],
    denies: [],
    image: null,
    devContainer: null,
    // Those of the machine, without a person having thought of them.
    limits: { cpuPercent: null, memoryBytes: 12 * 2 ** 30, processes: 4096, diskBytes: null },
    innerSandbox: 'off',
    acknowledgement: null,
  })
})

test('unconfined starts only after the word', async ({ open }) => {
  const page = await open('quiet', MAIN)
  await page.getByTestId('new-session-button').click()
  await page.getByTestId('agent-shell').click()
  await page.getByTestId('level-unconfined').click()
  await expect(page.getByTestId('start-session')).toBeDisabled()
  await page.getByTestId('unconfined-word').fill('unconfine')
  await expect(page.getByTestId('start-session')).toBeDisabled()
  await page.getByTestId('unconfined-word').fill('unconfined')
  await page.getByTestId('start-session').click()
  await expect
    .poll(() => seenBy(page))
    .toContainEqual(expect.stringContaining('"acknowledgement":"unconfined"'))
})

test('a refused start names the part and the remedy, and starts nothing', async ({ open }) => {
  const page = await open('first-run', 'sessions')
  await page.getByTestId('agent-shell').click()
  await page.getByTestId('folder-path').fill('/home/ada/src/tidepool')
  await page.getByTestId('start-session').click()
  await expect(page.getByTestId('start-failure')).toHaveAttribute(
    'data-type',
    'backend_unavailable',
  )
  await expect(page.getByTestId('start-failure')).toContainText('apparmor')
  await expect(page.getByTestId('session-row')).toHaveCount(0)
})

test('what was shown stays when the host is gone, with its age, and comes back', async ({
  open,
}) => {
  const page = await open('quiet', MAIN)
  await expect(page.getByTestId('connection')).toHaveAttribute('data-state', 'connected')
  const drop = (isAway: boolean) =>
    page.evaluate(
      (away) => (window as unknown as { fakeHost: { drop(a: boolean): void } }).fakeHost.drop(away),
      isAway,
    )
  await drop(true)
  await expect(page.getByTestId('connection')).toHaveAttribute('data-state', 'reconnecting')
  await expect(page.getByTestId('stale-note').first()).toBeVisible()
  await expect(page.getByTestId('session-row')).toHaveCount(7)
  await drop(false)
  await expect(page.getByTestId('connection')).toHaveAttribute('data-state', 'connected')
  await expect(page.getByTestId('stale-note')).toHaveCount(0)
})

test('a replay follows its keys, and its processes follow the playhead', async ({ open }) => {
  const page = await open('quiet', ENDED)
  await page.getByTestId('replay-bar').waitFor()
  await page.getByTestId('replay-toggle').click()
  await page.getByTestId('inspector-tab-processes').click()
  await page.getByTestId('replay-ribbon').click()
  await page.keyboard.press('0')
  await expect(page.getByTestId('process-row')).toHaveCount(0)
  await page.keyboard.press('5')
  await expect(page.getByTestId('replay-clock')).toContainText('6:00.0')
  const atHalf = await page.getByTestId('process-row').count()
  await page.keyboard.press('9')
  await expect.poll(() => page.getByTestId('process-row').count()).toBeGreaterThan(atHalf)
  await page.keyboard.press('ArrowLeft')
  await expect(page.getByTestId('replay-clock')).not.toContainText('10:48.0')
  await page.keyboard.press('Space')
  await expect(page.getByTestId('replay-toggle')).toHaveAttribute('data-playing', 'true')
  expect(await typed(page)).toEqual([])
})

test('the checks of the screens find what they look for', async ({ open }) => {
  const page = await open('quiet', 'doctor')
  await page.getByTestId('page-doctor').waitFor()
  await page.evaluate(() => {
    const narrow = document.createElement('h2')
    narrow.textContent = 'much-too-long-for-its-box'
    narrow.className = 'planted'
    narrow.style.width = '20px'
    const nameless = document.createElement('button')
    nameless.id = 'root'
    document.querySelector('main')?.append(narrow, nameless)
  })
  expect(await overflowing(page)).toEqual(['planted "much-too-long-for-its-box"'])
  expect(await unreadable(page)).toEqual([
    'no name: <button id="root"></button>',
    'doubled id: root',
    'doubled id: root',
  ])
})

test('a port inside is reached by nobody until the person opens it', async ({ open }) => {
  const page = await open('quiet', MAIN)
  await page.getByTestId('inspector-tab-network').click()
  const port = page.getByTestId('inside-port')
  await expect(port).toContainText('5173')
  await expect(page.getByTestId('port-link')).toHaveCount(0)
  await page.getByTestId('port-open').click({ timeout: 5000 })
  await expect(page.getByTestId('port-link')).toHaveAttribute('href', 'http://localhost:5173/')
  await page.getByTestId('port-close').click({ timeout: 5000 })
  await expect(page.getByTestId('port-open')).toBeVisible()
})

test('a value is kept by name, and let into a session by name', async ({ open }) => {
  const page = await open('quiet', 'doctor')
  await expect(page.getByTestId('kept-variable')).toContainText('ANTHROPIC_API_KEY')
  await page.getByTestId('variable-name').fill('9bad', { timeout: 5000 })
  await page.getByTestId('keep-variable').click()
  await expect(page.getByTestId('variable-problem')).toContainText('starts with no digit')
  await page.getByTestId('variable-name').fill('MY_TOKEN')
  await page.getByTestId('variable-value').fill('hunter2')
  await page.getByTestId('keep-variable').click()
  await expect.poll(() => seenBy(page)).toContainEqual('keep MY_TOKEN')
  await expect(page.getByTestId('variable-value')).toHaveValue('')
})

test('only variables that are there are let in, each blotted out unless said otherwise', async ({
  open,
}) => {
  const page = await open('quiet', MAIN)
  await page.getByTestId('new-session-button').click({ timeout: 5000 })
  await page.getByTestId('variables-part').locator('summary').click({ timeout: 5000 })
  await page.getByTestId('grant-name').fill('LD_PRELOAD')
  await page.getByTestId('grant-add').click()
  await expect(page.getByTestId('grant-problem')).toContainText('never let in')
  await page.getByTestId('grant-name').fill('ANTHROPIC_API_KEY')
  await page.getByTestId('grant-add').click()
  const grant = page.getByTestId('variable-grant')
  await expect(grant).toContainText('kept by Cloche')
  const blot = grant.getByRole('checkbox', { name: 'Blot it out' })
  await expect(blot).toBeChecked()
  await expect(page.getByTestId('variables-part-summary')).toContainText('1 variable')

  // Only the gateway has it: where to is proposed, and has to be a host.
  await grant.getByTestId('stand-in').check()
  await expect(grant.getByTestId('stand-in-hosts')).toHaveValue('api.anthropic.com')
  await expect(blot).toBeDisabled()
  const problem = page.getByTestId('variables-part').locator('.field-problem')
  await grant.getByTestId('stand-in-hosts').fill('')
  await expect(problem).toHaveText('ANTHROPIC_API_KEY: say at which hosts the gateway may use it.')
  await grant.getByTestId('stand-in-hosts').fill('no host!')
  await expect(problem).toContainText('is no host')
  await grant.getByTestId('stand-in-hosts').fill('api.example.org')
  await expect(problem).toHaveCount(0)
})

test('a track is pinned by its name or by a command, comes first, and stays so', async ({
  open,
}) => {
  const page = await open('quiet', MAIN)
  const canvas = page.getByTestId('timeline-canvas')
  const lowest = async () => ({ x: 20, y: (await canvas.boundingBox())!.height - 6 })
  const pinned = () =>
    page.evaluate(() => JSON.parse(localStorage.getItem('cloche.ui') ?? '{}').pinnedTracks)
  await canvas.click({ position: await lowest() })
  expect(await pinned()).toEqual(['isolation'])
  await canvas.click({ position: { x: 20, y: 30 } })
  expect(await pinned()).toEqual([])
  await page.keyboard.press('Control+Shift+P')
  await page.keyboard.type('unpin the network')
  await page.keyboard.press('Enter')
  await expect.poll(pinned).toEqual(['network'])
  await page.screenshot({ path: 'out/test/pinned.png' })
})
