import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { launchApp, removePlace } from '../helpers/app.ts'
import { startFirstSession } from '../helpers/person.ts'

test('a recording leaves the window as a file', async () => {
  const app = await launchApp({ shell: 'electron' })
  const { page, electron, place } = app
  try {
    await startFirstSession(page, 'command', 'sh -c "echo words of a program; sleep 0.3"')
    await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'ended')
    // The window asks where to; here somebody has answered.
    await electron!.evaluate(({ session }, folder) => {
      session.defaultSession.on('will-download', (_, item) =>
        item.setSavePath(`${folder}/${item.getFilename()}`),
      )
    }, place.root)
    await page.getByTestId('session-replay').click()
    await page.getByTestId('session-export').click()
    await page.getByTestId('export-save').click()
    const saved = () => readFile(join(place.root, 'project.html'), 'utf8').catch(() => '')
    await expect.poll(saved, { timeout: 15_000 }).toContain('</html>')
    expect(await saved()).toContain('data-block="tail"')
  } finally {
    await app.close()
    await removePlace(place)
  }
})
