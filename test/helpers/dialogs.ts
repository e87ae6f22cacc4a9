import type { ElectronApplication } from '@playwright/test'

/**
 * Stands in for the person at native questions: answers with button number `response` after
 * `afterMs`. Returns what was asked so far, each as message and detail.
 */
export async function answerDialogs(
  electron: ElectronApplication,
  response: number,
  afterMs = 0,
): Promise<() => Promise<readonly string[]>> {
  const answer = { response, afterMs }
  await electron.evaluate(({ dialog }, { response, afterMs }) => {
    const asked: string[] = []
    Object.assign(globalThis, { asked })
    dialog.showMessageBox = (...args: unknown[]) => {
      // The window it belongs to comes first, where there is one.
      const options = args.at(-1) as { message: string; detail: string }
      asked.push(`${options.message} ${options.detail}`)
      return new Promise((done) =>
        setTimeout(() => done({ response, checkboxChecked: false }), afterMs),
      )
    }
  }, answer)
  return () => electron.evaluate(() => (globalThis as unknown as { asked: string[] }).asked)
}
