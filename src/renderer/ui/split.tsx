import { type KeyboardEvent, type PointerEvent, useRef } from 'react'

interface SplitHandleProps {
  readonly label: string
  readonly direction: 'horizontal' | 'vertical'
  readonly size: number
  readonly min: number
  readonly max: number
  readonly onSize: (size: number) => void
}

/** Drags the size of the pane right of or below it. */
export function SplitHandle({ label, direction, size, min, max, onSize }: SplitHandleProps) {
  const start = useRef({ at: 0, size: 0 })
  const clamp = (value: number) => Math.round(Math.min(max, Math.max(min, value)))
  const positionOf = (event: PointerEvent) =>
    direction === 'vertical' ? event.clientX : event.clientY
  const move = (event: KeyboardEvent): void => {
    const grow = direction === 'vertical' ? 'ArrowLeft' : 'ArrowUp'
    const shrink = direction === 'vertical' ? 'ArrowRight' : 'ArrowDown'
    if (event.key !== grow && event.key !== shrink) return
    event.preventDefault()
    onSize(clamp(size + (event.key === grow ? 16 : -16)))
  }
  return (
    <div
      className={`split ${direction}`}
      role="separator"
      aria-label={label}
      aria-orientation={direction}
      aria-valuenow={size}
      aria-valuemin={min}
      aria-valuemax={max}
      tabIndex={0}
      onKeyDown={move}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        start.current = { at: positionOf(event), size }
      }}
      onPointerMove={(event) => {
        if (!event.currentTarget.hasPointerCapture(event.pointerId)) return
        onSize(clamp(start.current.size + start.current.at - positionOf(event)))
      }}
    />
  )
}
