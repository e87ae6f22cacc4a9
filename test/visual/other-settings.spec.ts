import { expect } from '@playwright/test'
import { overflowing, seenBy, test, unreadable } from './harness.ts'

for (const theme of ['light', 'dark'] as const)
  test(`settings of another tool become a profile, and a profile settings, ${theme}`, async ({
    open,
  }, info) => {
    const page = await open('quiet', 'rules', { theme })
    const look = async (name: string): Promise<void> => {
      await page.screenshot({ path: info.outputPath(`${name}.png`), caret: 'initial' })
      expect({
        overflowing: await overflowing(page),
        unreadable: await unreadable(page),
      }).toEqual({ overflowing: [], unreadable: [] })
    }
    await page.getByTestId('profiles').scrollIntoViewIfNeeded()
    await look('profiles')

    await page.keyboard.press('ControlOrMeta+Shift+P')
    await page.keyboard.type('import settings')
    await page.keyboard.press('Enter')
    const text = page.getByTestId('import-text')
    await expect(text).toBeFocused()
    await expect(page.getByTestId('import-read')).toBeDisabled()
    await expect(page.getByTestId('import-found')).toHaveCount(4)
    await expect(page.getByTestId('import-found').nth(1)).toBeDisabled()
    // What cannot be read is kept, and the sentence says what to do.
    await text.fill('{"a": 1}')
    await text.press('ControlOrMeta+Enter')
    await expect(page.getByTestId('import-problem')).toContainText('Choose the tool')
    await expect(text).toHaveValue('{"a": 1}')
    await look('import')

    await page.getByTestId('import-found').first().press('Enter')
    const policy = page.getByTestId('import-policy')
    await expect(policy).toBeFocused()
    await expect(page.getByTestId('mapping-exact')).toContainText(
      'sandbox.network.deniedDomains telemetry.example.net',
    )
    await expect(page.getByTestId('mapping-approximate')).toContainText('files: .env deny')
    await expect(page.getByTestId('mapping-dropped')).toContainText(
      'sandbox.network.allowLocalBinding',
    )
    await expect(page.getByTestId('import-counts')).toHaveText(
      '8 keys exactly, 4 approximately, 6 not at all',
    )
    await look('imported')
    const made = await policy.inputValue()
    await policy.fill(made.replace('"network"', '"networks"'))
    await page.getByTestId('import-check').getByRole('button').click()
    await expect(page.getByTestId('import-check')).toHaveText(
      'Line 2, networks, there is no such key.',
    )
    await expect(policy).toBeFocused()
    await expect(page.getByTestId('import-keep')).toBeDisabled()
    await look('wrong')
    await policy.fill(made.replace('{', '{ // From Claude Code.'))
    await page.getByTestId('import-name').fill('Nights')
    await page.getByTestId('import-name').press('Enter')
    await expect(page.getByTestId('import-problem')).toContainText('Choose another name')
    await page.getByTestId('import-name').fill('Ours')
    await page.getByTestId('import-name').press('Enter')
    await expect(page.getByTestId('import-settings')).toHaveCount(0)
    await expect(page.getByTestId('done')).toContainText('“Ours” is kept')
    const kept = (await seenBy(page)).find((line) => line.startsWith('keep '))
    expect(kept).toContain('keep Ours { // From Claude Code.\n  "network": "listed",')

    await page.locator('[data-profile=Nights]').getByTestId('profile-export').click()
    const written = page.getByTestId('export-profile-text')
    await expect(written).toHaveValue(/"strictAllowlist": true/)
    await expect(page.getByTestId('mapping-dropped')).toContainText('maskSecrets')
    await page.getByTestId('export-profile-format-codex').check({ force: true })
    await expect(written).toHaveValue(/enabled = false/)
    const download = page.waitForEvent('download')
    await page.getByTestId('export-profile-save').click()
    expect((await download).suggestedFilename()).toBe('nights.codex.toml')
    await page.getByTestId('export-profile-name').selectOption('Workspace and registries')
    await expect(written).toHaveValue(/"registry.example.org" = "allow"/)
    await look('export')
    await page.keyboard.press('Escape')
    await expect(page.getByTestId('export-profile')).toHaveCount(0)
    await expect(page.locator('[data-profile=Nights]').getByTestId('profile-export')).toBeFocused()
  })

test('a profile that is made in the form of a new session is what it begins as', async ({
  open,
}) => {
  const page = await open('quiet', 'sessions/ses_00000001', { width: 900, height: 640 })
  await page.getByTestId('new-session-button').click()
  await page.getByTestId('agent-claude-code').click()
  await page.getByTestId('profile-import').click()
  await page.getByTestId('import-file-input').setInputFiles({
    ...{ name: 'config.toml', mimeType: 'application/toml' },
    buffer: Buffer.from('sandbox_mode = "read-only"\n'),
  })
  await expect(page.getByTestId('import-read-as')).toHaveValue('codex')
  await expect(page.getByTestId('import-name')).toHaveValue('Codex')
  await page.screenshot({ path: 'out/test/import-narrow.png', caret: 'initial' })
  await page.getByTestId('import-keep').click()
  await expect(page.getByTestId('import-settings')).toHaveCount(0)
  await expect(page.getByTestId('profile')).toHaveValue('Codex')
  await expect(page.getByTestId('network-closed')).toBeChecked()
})
