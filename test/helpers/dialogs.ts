import type { ElectronApplication } from '@playwright/test'

/**
 * Stands in for the person at native questions: answers with button number `response`. Returns
 * what was asked so far, each as message and detail.
 */
export async function answerDialogs(
  electron: ElectronApplication,
  response: number,
): Promise<() => Promise<readonly string[]>> {
  await electron.evaluate(({ dialog }, answer) => {
    const asked: string[] = []
    Object.assign(globalThis, { asked })
    dialog.showMessageBox = (...args: unknown[]) => {
      // The window it belongs to comes first, where there is one.
      const options = args.at(-1) as { message: string; detail: string }
      asked.push(`${options.message} ${options.detail}`)
      return Promise.resolve({ response: answer, checkboxChecked: false })
    }
  }, response)
  return () => electron.evaluate(() => (globalThis as unknown as { asked: string[] }).asked)
}
