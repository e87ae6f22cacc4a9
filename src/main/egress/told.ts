/**
 * How much a session tells of what a program can cause without end: so many a second, the others
 * counted. Returns how many were passed over since the last one that is told; null: pass this over.
 */
export function createTold(mostPerSecond: number): () => number | null {
  let second = 0
  let told = 0
  let omitted = 0
  return () => {
    const now = Math.floor(performance.now() / 1000)
    if (now !== second) [second, told] = [now, 0]
    if (++told > mostPerSecond) {
      omitted++
      return null
    }
    const passedOver = omitted
    omitted = 0
    return passedOver
  }
}
