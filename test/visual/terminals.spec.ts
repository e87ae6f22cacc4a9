import { expect } from '@playwright/test'
import { overflowing, seenBy, test } from './harness.ts'

const MAIN = 'sessions/ses_00000001'

test('terminals stand beside the agent’s, and each is told apart', async ({ open }) => {
  const page = await open('quiet', MAIN)
  await expect(page.getByTestId('terminal-tab-agent')).toHaveCount(0)
  await page.getByTestId('terminal-new').click()
  await expect(page.getByTestId('terminal-tab-1')).toHaveAttribute('aria-selected', 'true')
  await page.keyboard.press('Control+Shift+D')
  await expect(page.getByTestId('terminal-tab-2')).toHaveAttribute('aria-selected', 'true')
  // What is typed goes to the one that is seen.
  await page.keyboard.type('ls')
  await expect.poll(() => seenBy(page)).toContainEqual('typed "l" in trm_0000000000000002')
  await page.getByTestId('terminal-tab-2').press('ArrowLeft')
  await expect(page.getByTestId('terminal-tab-1')).toBeFocused()
  await page.getByTestId('terminal-tab-agent').click()
  await expect(page.getByTestId('terminal-close')).toHaveCount(0)
  expect(await overflowing(page)).toEqual([])
})

test('closing one that runs something asks first, an idle one goes at once', async ({ open }) => {
  const page = await open('quiet', MAIN)
  await page.getByTestId('terminal-new').click()
  await page.getByTestId('terminal-close').click()
  const dialog = page.getByTestId('confirm-close-terminal')
  await expect(dialog).toContainText('vite')
  await page.keyboard.press('Escape')
  await expect(dialog).toHaveCount(0)
  expect(await seenBy(page)).not.toContainEqual('close trm_0000000000000001')
  await page.getByTestId('terminal-new').click()
  await expect(page.getByTestId('terminal-tab-2')).toHaveAttribute('aria-selected', 'true')
  await page.getByTestId('terminal-close').click()
  await expect.poll(() => seenBy(page)).toContainEqual('close trm_0000000000000002')
  await expect(page.getByTestId('terminal-tab-2')).toHaveCount(0)
  await expect(page.getByTestId('terminal-tab-agent')).toHaveAttribute('aria-selected', 'true')
})

test('how one ended is said, and why one is refused', async ({ open }) => {
  const page = await open('quiet', MAIN)
  for (const number of [1, 2, 3]) {
    await page.getByTestId('terminal-new').click()
    await expect(page.getByTestId(`terminal-tab-${number}`)).toBeVisible()
  }
  await expect(page.getByTestId('terminal-ended')).toHaveText('ended with code 7')
  await page.getByTestId('terminal-new').click()
  await expect(page.getByText('The sandbox of macOS cannot be entered')).toBeVisible()
})

test('a container leads to a terminal of its session', async ({ open }) => {
  const page = await open('quiet', 'containers', { width: 1100 })
  expect(await overflowing(page)).toEqual([])
  // A container that stands still lets nothing in.
  await expect(page.getByTestId('container-terminal')).toHaveCount(1)
  await page.getByTestId('container-terminal').first().click()
  const session = await page.getByTestId('workbench').getAttribute('data-session')
  await expect.poll(() => seenBy(page)).toContainEqual(`open a terminal of ${session}`)
})

for (const theme of ['light', 'dark'] as const)
  test(`the tabs of terminals, ${theme}`, async ({ open }) => {
    const page = await open('quiet', MAIN, { theme })
    for (const number of [1, 2, 3]) {
      await page.getByTestId('terminal-new').click()
      await expect(page.getByTestId(`terminal-tab-${number}`)).toBeVisible()
    }
    await expect(page.getByTestId('terminal-ended')).toBeVisible()
    expect(await overflowing(page)).toEqual([])
    await page.screenshot({ path: `out/test/screens/terminals-${theme}.png` })
  })

test('where there is no WebGL a program’s own colours are there all the same', async ({ open }) => {
  const page = await open('quiet', MAIN)
  const cells = page.locator('.xterm-rows span', { hasText: '●' })
  await expect(cells.first()).toHaveCSS('color', 'rgb(138, 180, 248)')
  await page.screenshot({ path: 'out/test/drawn-without-webgl.png' })
})
