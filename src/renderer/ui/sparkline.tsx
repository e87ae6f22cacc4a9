const WIDTH = 36
const HEIGHT = 14

interface SparklineProps {
  /** Oldest first; the newest stands at the right edge. */
  readonly values: readonly number[]
  /** How many values the width has room for. */
  readonly room: number
  /** The value at the top; more than it is drawn there. */
  readonly top: number
}

/** The course of a number, for a row of a list; the number itself stands beside it. */
export function Sparkline({ values, room, top }: SparklineProps) {
  const step = WIDTH / (room - 1)
  const points = values.map((value, index) => {
    const x = WIDTH - (values.length - 1 - index) * step
    const y = HEIGHT - 1 - (Math.min(value, top) / top) * (HEIGHT - 2)
    return `${x.toFixed(1)},${y.toFixed(1)}`
  })
  return (
    <svg className="sparkline" width={WIDTH} height={HEIGHT} aria-hidden="true">
      {points.length > 1 && <polyline points={points.join(' ')} />}
    </svg>
  )
}
