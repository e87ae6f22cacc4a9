import { expect } from '@playwright/test'
import { test } from './harness.ts'

test.use({ webgl: true })

test('where there is WebGL the terminal is drawn by it', async ({ open }) => {
  const page = await open('quiet', 'sessions/ses_00000001')
  await expect(page.locator('.xterm-screen canvas').first()).toBeVisible()
  await expect(page.locator('.xterm-rows')).toHaveCount(0)
  await page.screenshot({ path: 'out/test/drawn-with-webgl.png' })
})
