import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { type Download, expect, type Page, test } from '@playwright/test'
import { type App, launchApp, removePlace, type ShellName } from '../helpers/app.ts'
import { startFirstSession } from '../helpers/person.ts'

const run = promisify(execFile)

/** Runs a command on a terminal of its own, which asciinema wants to read keys from. */
const inTerminal = async (command: string, env: NodeJS.ProcessEnv): Promise<string> =>
  (await run('script', ['-qec', command, '/dev/null'], { env })).stdout
// Put together, so that nothing that looks for tokens finds one here.
const TOKEN = `ghp_${'x1Y2'.repeat(9)}`

let app: App

test.beforeEach(async ({}, info) => {
  app = await launchApp({ shell: info.project.name as ShellName })
})
test.afterEach(async () => {
  await app.close()
  await removePlace(app.place)
})

/** Runs a short program in a session, and goes to its replay. */
async function record(page: Page): Promise<void> {
  await writeFile(join(app.place.workspace, 'notes.txt'), 'as it was\n')
  await writeFile(join(app.place.workspace, 'untouched.txt'), 'nobody changes this\n')
  await startFirstSession(
    page,
    'command',
    `sh -c "echo grüß dich; echo token ${TOKEN}; echo as it is >notes.txt; echo made >new.txt; sleep 0.6; echo last words; exit 3"`,
  )
  await expect(page.getByTestId('session-status')).toHaveAttribute('data-status', 'ended')
  await page.getByTestId('session-replay').click()
  await expect(page.getByTestId('replay-bar')).toBeVisible()
}

/** Saves in one form and gives the text of the file. */
async function exportAs(page: Page, format: string): Promise<{ text: string; path: string }> {
  await page.getByTestId('session-export').click()
  await page.getByTestId(`export-format-${format}`).check({ force: true })
  const downloading: Promise<Download> = page.waitForEvent('download')
  await page.getByTestId('export-save').click()
  const download = await downloading
  const path = join(app.place.root, download.suggestedFilename())
  await download.saveAs(path)
  await expect(page.getByTestId('export')).toHaveCount(0)
  return { text: await readFile(path, 'utf8'), path }
}

/** Looks for words in the whole recording. */
async function findInTerminal(page: Page, words: string, found: string): Promise<void> {
  await page.getByTestId('recorded-terminal').click()
  await page.keyboard.press('Control+Shift+F')
  await page.getByTestId('find-input').fill(words)
  await expect(page.getByTestId('find-state')).toHaveText(found)
  await page.keyboard.press('Escape')
}

test.describe('a recording that leaves this machine', () => {
  test('is shown with everything that is taken out, and holds nothing of it', async () => {
    const { page } = app
    await record(page)
    await page.getByTestId('session-export').click()
    const hits = page.locator('[data-testid=export-hits][data-redaction=github]')
    await hits.locator('summary').click({ position: { x: 120, y: 10 } })
    await expect(hits.locator('mark').first()).toHaveText(TOKEN)
    await hits.getByRole('checkbox').uncheck()
    await expect(page.getByTestId('export-kept')).toContainText('GitHub tokens')
    await page.keyboard.press('Escape')

    for (const format of ['html', 'cast3', 'cast2', 'jsonl']) {
      const { text } = await exportAs(page, format)
      expect(text).not.toContain(TOKEN)
      expect(text.length).toBeGreaterThan(200)
    }
  })

  test('plays in any browser without a network, with files, processes and terminal', async () => {
    const { page } = app
    await record(page)
    const { path } = await exportAs(page, 'html')
    const context = await page.context().browser()!.newContext({ offline: true })
    const offline = await context.newPage()
    const complaints: string[] = []
    const asked: string[] = []
    offline.on('pageerror', (error) => complaints.push(error.message))
    offline.on(
      'console',
      (message) => message.type() === 'error' && complaints.push(message.text()),
    )
    offline.on('request', (request) => asked.push(request.url()))
    await offline.goto(pathToFileURL(path).href)
    await offline.getByTestId('replay-bar').waitFor()
    await findInTerminal(offline, 'grüß dich', '1 of 1')
    await findInTerminal(offline, `token ${'*'.repeat(TOKEN.length)}`, '1 of 1')
    await findInTerminal(offline, 'never said', 'Not found')
    // What was found last may stand before the file was written, and the replay may be over.
    const scrubber = offline.getByTestId('replay-scrubber')
    const { width, height } = (await scrubber.boundingBox())!
    await scrubber.click({ position: { x: width - 1, y: height / 2 } })
    await offline.getByTestId('inspector-tab-files').click()
    await offline.locator('[data-path="notes.txt"]').dblclick()
    await expect(offline.getByTestId('diff')).toContainText('as it is')
    await expect(offline.getByTestId('diff').locator('.removed').last()).toContainText('as it was')
    await offline.keyboard.press('Escape')
    // Of the rest of the workspace nothing left, and it says so.
    await offline.getByTestId('files-part-choice-all').check({ force: true })
    await expect(offline.getByTestId('files-missing')).toContainText('only the files that were')
    await expect(offline.getByTestId('all-file-row')).toHaveCount(2)
    await offline.getByTestId('inspector-tab-processes').click()
    await expect(offline.getByTestId('process-rows')).toContainText('sh')
    expect(complaints).toEqual([])
    expect(asked.filter((url) => !url.startsWith('file:') && !url.startsWith('data:'))).toEqual([])
    await context.close()
  })

  test('shows any file of the workspace at any moment, changed or not', async () => {
    const { page } = app
    await record(page)
    const scrubber = page.getByTestId('replay-scrubber')
    const { width, height } = (await scrubber.boundingBox())!
    const goTo = (x: number) => scrubber.click({ position: { x, y: height / 2 } })
    await page.getByTestId('inspector-tab-files').click()
    await page.getByTestId('files-part-choice-changes').focus()
    await page.keyboard.press('ArrowRight')
    const row = (path: string) => page.locator(`[data-testid=all-file-row][data-path="${path}"]`)
    const read = async (path: string): Promise<void> => {
      await page.getByTestId('file-filter').fill(path)
      await row(path).dblclick()
      const whole = page.getByTestId('file-versions').getByText('Whole file')
      await whole.click()
    }
    // From the end: what was made and changed is as it was left.
    await goTo(width - 1)
    await expect(row('new.txt')).toHaveAttribute('data-fate', 'added')
    await read('notes.txt')
    await expect(page.getByTestId('file-text')).toContainText('as it is')
    await page.keyboard.press('Escape')
    await read('untouched.txt')
    await expect(page.getByTestId('file-text')).toContainText('nobody changes this')
    await page.keyboard.press('Escape')
    // From the beginning: what was not there yet is not listed, and the changed one is as it was.
    await page.getByTestId('file-filter').fill('')
    await goTo(1)
    await expect(row('new.txt')).toHaveCount(0)
    await expect(row('notes.txt')).toHaveAttribute('data-fate', 'unchanged')
    await read('notes.txt')
    await expect(page.getByTestId('file-text')).toContainText('as it was')
    await page.keyboard.press('Escape')
    // What somebody changes now is not shown as what it was then.
    await writeFile(join(app.place.workspace, 'untouched.txt'), 'somebody changed this\n')
    await read('untouched.txt')
    await expect(page.getByTestId('file-words')).toContainText('Not known. It is another one')
  })

  test('is played by asciinema, and ours plays what asciinema records', async () => {
    const { page } = app
    await record(page)
    const { path, text } = await exportAs(page, 'cast2')
    expect(JSON.parse(text.split('\n')[0]!)).toMatchObject({ version: 2 })
    const env = { ...process.env, LANG: 'C.UTF-8', HOME: app.place.home }
    const played = await inTerminal(`asciinema cat ${path}`, env)
    expect(played).toContain('grüß dich')
    expect(played).toContain('last words')
    expect(played).toContain(`token ${'*'.repeat(TOKEN.length)}`)

    const theirs = join(app.place.root, 'theirs.cast')
    await mkdir(join(app.place.home, '.config'), { recursive: true })
    await run(
      'asciinema',
      ['rec', '-q', '-c', 'sh -c "echo from asciinema; sleep 0.3; echo ünd out"', theirs],
      { env },
    )
    await page.getByTestId('rail-recordings').click()
    await page.getByTestId('open-file-input').setInputFiles(theirs)
    await expect(page.getByTestId('opened')).toContainText('asciicast version 2')
    await findInTerminal(page, 'from asciinema', '1 of 1')
    await findInTerminal(page, 'ünd out', '1 of 1')
    await page.getByTestId('opened-close').click()
    await expect(page.getByTestId('page-recordings')).toBeVisible()
  })

  test('comes back from each of our own files; what is none is refused in words', async () => {
    const { page } = app
    await record(page)
    const html = await exportAs(page, 'html')
    const lines = await exportAs(page, 'jsonl')
    const third = await exportAs(page, 'cast3')
    await page.getByTestId('rail-recordings').click()
    const open = (file: string) => page.getByTestId('open-file-input').setInputFiles(file)
    await open(html.path)
    await expect(page.getByTestId('opened')).toContainText('Taken out of it: GitHub tokens')
    await page.getByTestId('opened-close').click()
    await open(lines.path)
    await expect(page.getByTestId('opened')).toBeVisible()
    await page.getByTestId('opened-close').click()
    await open(third.path)
    await expect(page.getByTestId('opened')).toContainText('asciicast version 3')
    await page.getByTestId('opened-close').click()

    const torn = join(app.place.root, 'torn.html')
    await writeFile(torn, html.text.replace(/(data-block="tail">.{200})[^<]*/, '$1'))
    await open(torn)
    await expect(page.getByTestId('open-problem')).toContainText('torn.html is damaged')
    const none = join(app.place.root, 'none.cast')
    await writeFile(none, '{"version":2,"width":80,"height":24}\nhello\n[1,"o","x"]\n')
    await open(none)
    await expect(page.getByTestId('open-problem')).toContainText('line 2: it is no event')
  })
})
