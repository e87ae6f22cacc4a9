import { expect, type Page } from '@playwright/test'
import { overflowing, seenBy, test } from './harness.ts'

const MAIN = 'sessions/ses_00000001'
const DRIFTED = 'sessions/ses_00000002'
const UNCONFINED = 'sessions/ses_00000003'
const ENDED = 'sessions/ses_00000004'

interface Spec {
  readonly files: readonly { readonly path: string; readonly access: string }[]
  readonly maskSecrets: boolean
  readonly limits: Readonly<Record<string, number | null>>
  readonly innerSandbox: string
}

/** The specs that reached the host with a command of this name. */
const specs = async (page: Page, command: 'create' | 'preview'): Promise<Spec[]> =>
  (await seenBy(page))
    .filter((line) => line.startsWith(`${command} `))
    .map((line) => JSON.parse(line.slice(command.length + 1)) as Spec)

const fakeHost = (page: Page, call: string, ...input: unknown[]): Promise<unknown> =>
  page.evaluate(
    ([name, args]) =>
      (window as unknown as { fakeHost: Record<string, (...all: unknown[]) => unknown> }).fakeHost[
        name
      ]!(...args),
    [call, input] as const,
  )

async function openForm(page: Page, agent = 'claude-code'): Promise<void> {
  await page.getByTestId('new-session-button').click()
  await page.getByTestId(`agent-${agent}`).click()
}
const unfold = (page: Page, part: string): Promise<void> =>
  page.getByTestId(`${part}-part`).locator('summary').click()

/** What the page gave to the clipboard last. */
async function watchClipboard(page: Page): Promise<() => Promise<string>> {
  await page.evaluate(() =>
    document.addEventListener('copy', () => {
      const area = document.activeElement
      document.body.dataset['copied'] = area instanceof HTMLTextAreaElement ? area.value : ''
    }),
  )
  return () => page.evaluate(() => document.body.dataset['copied'] ?? '')
}

test.describe('new session', () => {
  test('a person who opens nothing gets the defaults, summed up in one line each', async ({
    open,
  }) => {
    const page = await open('quiet', MAIN)
    await openForm(page)
    await expect(page.getByTestId('files-part-summary')).toHaveText('Built-in rules')
    await expect(page.getByTestId('limits-part-summary')).toHaveText(
      '12 GiB memory, 4,096 processes',
    )
    await expect(page.getByTestId('inner-part-summary')).toContainText('Off')
    await expect(page.getByTestId('mask-secrets')).toBeHidden()
  })

  test('rules, limits and the inner sandbox are given by keyboard alone', async ({ open }) => {
    const page = await open('quiet', MAIN)
    await page.getByTestId('terminal').click()
    await page.keyboard.press('Control+Shift+N')
    await page.getByTestId('agent-codex').locator('input').focus()
    await page.keyboard.press('Space')
    const tabTo = async (testId: string): Promise<void> => {
      for (let tabs = 0; tabs < 60; tabs++) {
        await page.keyboard.press('Tab')
        const at = await page.evaluate(
          () => document.activeElement?.closest<HTMLElement>('[data-testid]')?.dataset['testid'],
        )
        if (at === testId) return
      }
      throw new Error(`Tab never reached ${testId}`)
    }
    await tabTo('files-part')
    await page.keyboard.press('Enter')
    await tabTo('mask-secrets')
    await page.keyboard.press('Space')
    await tabTo('add-file-rule')
    await page.keyboard.press('Enter')
    await expect(page.getByTestId('file-rule-path')).toBeFocused()
    await page.keyboard.insertText('docs')
    await page.keyboard.press('Tab')
    await page.keyboard.type('Read and')
    await page.keyboard.press('Shift+Tab')
    // Enter goes on with the next rule.
    await page.keyboard.press('Enter')
    await expect(page.getByTestId('file-rule-path').nth(1)).toBeFocused()
    await page.keyboard.insertText('~/.npmrc')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await expect(page.getByTestId('file-rule-path').nth(1)).toBeFocused()
    await tabTo('limits-part')
    await page.keyboard.press('Enter')
    await tabTo('limit-memory-value')
    await page.keyboard.press('Control+a')
    await page.keyboard.type('8 GiB')
    await tabTo('inner-part')
    await page.keyboard.press('Enter')
    await tabTo('start-session')
    await page.keyboard.press('Enter')
    await expect.poll(() => specs(page, 'create')).toHaveLength(1)
    const [created] = await specs(page, 'create')
    expect(created).toMatchObject({
      files: [
        { path: 'docs', access: 'write' },
        { path: '~/.npmrc', access: 'read' },
      ],
      maskSecrets: true,
      limits: { cpuPercent: null, memoryBytes: 8 * 2 ** 30, processes: 4096, diskBytes: null },
      innerSandbox: 'off',
    })
  })

  test('bad paths are answered at the field, and nothing starts until they are corrected', async ({
    open,
  }) => {
    const page = await open('quiet', MAIN)
    await openForm(page)
    await unfold(page, 'files')
    await page.getByTestId('add-file-rule').click()
    const path = page.getByTestId('file-rule-path')
    const problem = page.getByTestId('file-rule-problem')
    await expect(problem).toHaveCount(0)
    await expect(page.getByTestId('start-session')).toBeDisabled()
    await page.getByTestId('mask-secrets').focus()
    await expect(problem).toHaveText('Type a path, or remove this rule.')
    await expect(path).toHaveAttribute('aria-invalid', 'true')
    for (const [bad, sentence] of [
      ['../other', /cannot leave the folder/],
      ['a\0b', /NUL/],
    ] as const) {
      await path.fill(bad)
      await expect(problem).toHaveText(sentence)
      await expect(page.getByTestId('start-session')).toBeDisabled()
      await expect(page.getByTestId('preview-button')).toBeDisabled()
    }
    await path.fill('docs')
    await expect(problem).toHaveCount(0)
    await page.getByTestId('add-file-rule').click()
    await path.nth(1).fill('/home/ada/src/lighthouse/docs/')
    await expect(problem).toHaveText(/Rule 1 is for the same path/)
    await unfold(page, 'files')
    await expect(page.getByTestId('files-part').getByText('To correct')).toBeVisible()
    await unfold(page, 'files')
    await page.getByTestId('file-rule-remove').nth(1).click()
    await expect(path).toBeFocused()
    await page.getByTestId('start-session').click()
    await expect
      .poll(async () => (await specs(page, 'create')).map(({ files }) => files))
      .toEqual([[{ path: 'docs', access: 'read' }]])
  })

  test('limits go on and off, begin with the machine’s and are checked as typed', async ({
    open,
  }) => {
    const page = await open('quiet', MAIN)
    await openForm(page)
    await unfold(page, 'limits')
    await expect(page.getByTestId('limit-memory-value')).toHaveValue('12 GiB')
    await expect(page.getByTestId('limit-disk-value')).toBeDisabled()
    await page.getByTestId('limit-processes-on').uncheck()
    await page.getByTestId('limit-cpu-on').check()
    await page.getByTestId('limit-cpu-value').fill('2')
    await expect(page.getByTestId('limit-cpu-problem')).toContainText('2 cores, or 150%')
    await expect(page.getByTestId('start-session')).toBeDisabled()
    await page.getByTestId('limit-cpu-value').fill('1.5 cores')
    await expect(page.getByTestId('limits-part-summary')).toHaveText('1.5 cores, 12 GiB memory')
    await page.getByTestId('start-session').click()
    await expect
      .poll(async () => (await specs(page, 'create')).map(({ limits }) => limits))
      .toEqual([{ cpuPercent: 150, memoryBytes: 12 * 2 ** 30, processes: null, diskBytes: null }])
  })

  test('the agent’s own sandbox is explained only where there is one', async ({ open }) => {
    const page = await open('quiet', MAIN)
    await openForm(page)
    await unfold(page, 'inner')
    const inForce = page.getByTestId('inner-part').locator('[data-in-force=true]')
    await expect(inForce).toContainText('Outer alone')
    await page.getByTestId('level-unconfined').click()
    await expect(inForce).toContainText('Inner alone')
    await expect(page.getByTestId('files-part')).toHaveCount(0)
    await expect(page.getByTestId('limits-part')).toHaveCount(0)
    await page.getByTestId('level-os').click()
    await page.getByTestId('agent-shell').click()
    await expect(page.getByTestId('inner-part')).toHaveCount(0)
  })

  test('the preview says what would be, builds nothing, and closes alone', async ({ open }) => {
    const page = await open('quiet', MAIN)
    await openForm(page)
    await unfold(page, 'files')
    await page.getByTestId('add-file-rule').click()
    await page.getByTestId('file-rule-path').fill("it's $HOME\u001b[2J")
    await page.getByTestId('preview-button').click()
    await expect(page.getByTestId('policy-files')).toContainText('Can')
    await expect(page.getByTestId('policy-files')).toContainText("read it's $HOME\\e[2J")
    const copied = await watchClipboard(page)
    await page.getByRole('button', { name: 'Copy as one line' }).click()
    const word = "$'it\\'s $HOME\\x1b[2J'"
    expect(await copied()).toBe(
      `/usr/bin/bwrap --unshare-user --ro-bind /usr /usr --ro-bind ${word} ${word} -- claude`,
    )
    await page.getByRole('button', { name: 'Copy one per line' }).click()
    expect((await copied()).split(' \\\n')).toHaveLength(10)
    await page.keyboard.press('Escape')
    await expect(page.getByTestId('preview')).toHaveCount(0)
    await expect(page.getByTestId('new-session')).toBeVisible()
    await expect(page.getByTestId('preview-button')).toBeFocused()
    expect(await specs(page, 'create')).toEqual([])
    expect(await specs(page, 'preview')).toHaveLength(1)
  })

  test('a preview that cannot be made says why, as a start would', async ({ open }) => {
    const page = await open('quiet', MAIN)
    await openForm(page, 'shell')
    await page.getByTestId('folder-path').fill('/home/ada/src/tidepool')
    await page.getByTestId('preview-button').click()
    await expect(page.getByTestId('preview').getByTestId('start-failure')).toContainText('apparmor')
    await expect(page.getByTestId('policy-view')).toHaveCount(0)
  })

  test('two hundred rules stay in their box, and the preview finds one of them', async ({
    open,
  }) => {
    const page = await open('quiet', MAIN, { width: 900, height: 640 })
    await openForm(page)
    await unfold(page, 'files')
    await page.getByTestId('add-file-rule').click()
    for (let n = 1; n <= 200; n++) {
      await page.keyboard.insertText(`packages/part-${n}/**`)
      if (n < 200) await page.keyboard.press('Enter')
    }
    await expect(page.getByTestId('file-rule')).toHaveCount(200)
    await expect(page.getByTestId('files-part-summary')).toContainText('200 rules of yours')
    const list = await page.getByTestId('file-rules').boundingBox()
    expect(list!.height).toBeLessThan(270)
    expect(await overflowing(page)).toEqual([])
    await page.getByTestId('preview-button').click()
    await expect(page.getByTestId('policy-sentence')).toHaveCount(206)
    await page.getByTestId('policy-search').fill('part-137/')
    await expect(page.getByTestId('policy-sentence')).toHaveCount(1)
    await expect(page.getByTestId('policy-count')).toHaveText('1 sentence, 1 option found')
    expect(await overflowing(page)).toEqual([])
  })
})

test.describe('effective policy', () => {
  test('opens with its key from the terminal, is searched, and shows every argument', async ({
    open,
  }) => {
    const page = await open('quiet', DRIFTED)
    await page.getByTestId('terminal').click()
    await page.keyboard.press('Control+Shift+L')
    await expect(page.getByTestId('policy-search')).toBeFocused()
    await expect(page.getByTestId('policy').getByText('300 arguments')).toBeVisible()
    await expect(page.getByTestId('command-row')).toHaveCount(103)
    await expect(page.getByTestId('command-row').nth(1)).toContainText('--unshare-user')
    await page.keyboard.type('part-95/')
    await expect(page.getByTestId('command-row')).toHaveCount(1)
    await expect(page.getByTestId('policy-files')).toHaveCount(0)
    await page.getByTestId('policy-search').fill('no such thing')
    await expect(page.getByTestId('policy-nothing')).toBeVisible()
    await page.getByTestId('policy-search').fill('')
    await page.keyboard.press('Tab')
    await expect(page.getByTestId('policy-scroll')).toBeFocused()
    await page.keyboard.press('End')
    await expect(page.getByTestId('command-row').last()).toBeInViewport()
    await page.keyboard.press('Escape')
    await expect(page.getByTestId('policy')).toHaveCount(0)
  })

  test('names in it hide nothing', async ({ open }) => {
    const page = await open('quiet', DRIFTED)
    await page.getByTestId('open-policy').click()
    await page.getByTestId('policy-search').fill('gnp.exe')
    await expect(page.getByTestId('policy-sentence')).toContainText('⟨U+202E⟩gnp.exe \\e[2J')
    await expect(page.getByTestId('command-row')).toContainText("$'/home/ada/src/\\u202egnp.exe")
    const shown = await page.getByTestId('policy').innerText()
    expect(shown).not.toMatch(/[\u202e\u001b]/)
  })

  test('is in the palette, and in a recording', async ({ open }) => {
    const page = await open('quiet', 'recordings/ses_00000004')
    await page.getByTestId('replay-bar').waitFor()
    await page.keyboard.press('9')
    await page.keyboard.press('Control+Shift+P')
    await page.keyboard.type('effective policy')
    await page.keyboard.press('Enter')
    await expect(page.getByTestId('policy-sentence')).toHaveCount(6)
  })

  test('a level without a command says so', async ({ open }) => {
    const page = await open('quiet', UNCONFINED)
    await page.getByTestId('open-policy').click()
    await expect(page.getByTestId('policy-no-command')).toBeVisible()
  })
})

test.describe('probing again', () => {
  test('takes its time, then says how fresh the proof is', async ({ open }) => {
    const page = await open('quiet', MAIN)
    await expect(page.getByTestId('probe-age')).toHaveText('Proven 12m ago')
    await page.getByTestId('probe-again').click()
    await expect(page.getByTestId('probe-again')).toBeDisabled()
    await expect(page.getByTestId('probe-age')).toHaveText('Trying it from inside')
    await fakeHost(page, 'endProbe', 'held')
    await expect(page.getByTestId('probe-age')).toHaveText('Proven just now')
    await expect(page.getByTestId('probe-again')).toBeEnabled()
    await expect(page.getByTestId('drift')).toHaveCount(0)
  })

  test('its key works from the terminal and shows the panel; drift is an alarm everywhere', async ({
    open,
  }) => {
    const page = await open('quiet', MAIN, { width: 900, height: 640 })
    await page.getByTestId('inspector-tab-rules').click()
    await page.getByTestId('terminal').click()
    await page.keyboard.press('Control+Shift+Y')
    await expect(page.getByTestId('probe-again')).toBeDisabled()
    await page.getByTestId('inspector-tab-network').click()
    await expect.poll(() => seenBy(page)).toContain('probe ses_00000001')
    await fakeHost(page, 'endProbe', 'drift')
    const alarm = page.getByTestId('drift')
    await expect(alarm).toHaveRole('alert')
    await expect(alarm).toContainText(/Network was asked closed, and held at .* proven open since/)
    await expect(page.getByTestId('inspector-tab-isolation').getByLabel('Drift')).toBeVisible()
    await expect(page.getByTestId('inspector-tab-rules')).toBeInViewport({ ratio: 1 })
    await page.getByTestId('drift-evidence').click()
    await expect(page.getByTestId('axis-network')).toHaveAttribute('data-look', 'drift')
    await page.getByTestId('drift-stop').click()
    await expect(page.getByRole('dialog')).toBeVisible()
    expect(await overflowing(page)).toEqual([])
  })

  test('a probe that tells nothing says so, and leaves what was shown', async ({ open }) => {
    const page = await open('quiet', MAIN)
    await page.getByTestId('probe-again').click()
    await fakeHost(page, 'endProbe', 'not_live')
    await expect(page.getByTestId('probe-problem')).toContainText('The session ended before')
    await expect(page.getByTestId('probe-age')).toHaveText('Proven 12m ago')
    await page.getByTestId('probe-again').click()
    await expect(page.getByTestId('probe-problem')).toHaveCount(0)
  })

  test('an ended session cannot be probed', async ({ open }) => {
    const page = await open('quiet', ENDED)
    await expect(page.getByTestId('probe-again')).toBeDisabled()
    await page.keyboard.press('Control+Shift+Y')
    await page.keyboard.press('Control+Shift+P')
    await page.keyboard.type('probe the boundary')
    await expect(page.getByTestId('palette')).toContainText('Nothing matches')
    expect((await seenBy(page)).filter((line) => line.startsWith('probe'))).toEqual([])
  })
})

test.describe('limits in force', () => {
  test('say what holds them, and why not better when asked', async ({ open }) => {
    const page = await open('quiet', MAIN)
    const row = (limit: string) => page.getByTestId(`limit-in-force-${limit}`)
    await expect(row('memory')).toContainText('12 GiBkernel, cgroup v2')
    await expect(row('processes')).toContainText('each process alone + watched by Cloche')
    await expect(row('cpu')).toHaveAttribute('data-state', 'none')
    await expect(row('disk')).toHaveAttribute('data-state', 'missing')
    await expect(row('disk')).toContainText('not in force')
    await expect(row('disk')).not.toContainText('Neither a quota')
    await row('disk').getByRole('button').focus()
    await page.keyboard.press('Enter')
    await expect(row('disk')).toContainText('Neither a quota')
  })

  test('a limit that is reached is a calm notice with its time', async ({ open }) => {
    const page = await open('quiet', MAIN)
    await expect(page.getByTestId('limits')).toBeVisible()
    await expect(page.getByTestId('limit-reached')).toHaveCount(0)
    const reached = { type: 'limits/reached', limit: 'memory', detail: 'It was \u202estopped.' }
    await fakeHost(page, 'report', 'ses_00000001', reached)
    await fakeHost(page, 'report', 'ses_00000001', reached)
    const notice = page.getByTestId('limit-reached')
    await expect(notice).toContainText('Memory: limit reached')
    await expect(notice).toContainText('2 times so far')
    await expect(notice).toContainText('It was ⟨U+202E⟩stopped.')
    await expect(notice).toHaveRole('status')
  })
})
