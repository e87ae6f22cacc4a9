/** Numbers change at most four times a second. */
export const NUMBERS_MS = 250

/** Runs at once, then at most once per `ms`; the last request is never lost. */
export function throttle(run: () => void, ms: number): { request(): void; cancel(): void } {
  let timer: ReturnType<typeof setTimeout> | null = null
  let isWanted = false
  const fire = (): void => {
    isWanted = false
    timer = setTimeout(() => {
      timer = null
      if (isWanted) fire()
    }, ms)
    run()
  }
  return {
    request: () => {
      if (timer === null) fire()
      else isWanted = true
    },
    cancel: () => {
      if (timer !== null) clearTimeout(timer)
      timer = null
      isWanted = false
    },
  }
}
