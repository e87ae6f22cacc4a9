import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef } from 'react'

interface ListProps<T> {
  readonly label: string
  readonly items: readonly T[]
  readonly keyOf: (item: T) => string
  readonly rowHeight: number | ((item: T) => number)
  readonly selected: string | null
  readonly onSelect: (item: T) => void
  /** Enter or double click. */
  readonly onOpen?: (item: T) => void
  /** The key x. */
  readonly onMark?: (item: T) => void
  readonly render: (item: T, isSelected: boolean) => ReactNode
  readonly role?: 'listbox' | 'tree'
  /** Depth from 1, for trees. */
  readonly levelOf?: (item: T) => number
  /** null: nothing to fold. With it the arrows to the sides fold, or go to parent and child. */
  readonly isOpenOf?: (item: T) => boolean | null
  readonly onFold?: (item: T) => void
  readonly testId: string
  /** Keep the newest row in view while it already is. */
  readonly stickToEnd?: boolean
}

/** One virtual list for every page: one tab stop, j/k and arrows move, Enter opens. */
export function List<T>({
  label,
  items,
  keyOf,
  rowHeight,
  selected,
  onSelect,
  onOpen,
  onMark,
  render,
  role = 'listbox',
  levelOf,
  isOpenOf,
  onFold,
  testId,
  stickToEnd = false,
}: ListProps<T>) {
  const scroller = useRef<HTMLDivElement>(null)
  const id = useId()
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (typeof rowHeight === 'number' ? rowHeight : rowHeight(items[index]!)),
    getItemKey: (index) => keyOf(items[index]!),
    overscan: 12,
  })
  const at = selected === null ? -1 : items.findIndex((item) => keyOf(item) === selected)

  useEffect(() => {
    rows.measure()
  }, [rowHeight, rows])
  useEffect(() => {
    if (at >= 0) rows.scrollToIndex(at)
  }, [at, rows])
  const wasAtEnd = useRef(true)
  useEffect(() => {
    if (stickToEnd && wasAtEnd.current && items.length > 0) rows.scrollToIndex(items.length - 1)
  }, [items.length, stickToEnd, rows])

  /** Whether it was a key of trees. */
  const fold = (key: string): boolean => {
    const item = items[at]
    if (!isOpenOf || !levelOf || item === undefined || !/^Arrow(Left|Right)$/.test(key))
      return false
    const isOpen = isOpenOf(item)
    if (isOpen === (key === 'ArrowLeft')) onFold?.(item)
    else if (key === 'ArrowLeft') {
      const parent = items.slice(0, at).findLast((above) => levelOf(above) < levelOf(item))
      if (parent !== undefined) onSelect(parent)
    } else if (isOpen && items[at + 1] !== undefined) onSelect(items[at + 1]!)
    return true
  }
  const move = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== event.currentTarget)
      return
    if (at >= 0 && fold(event.key)) return event.preventDefault()
    const next = nextIndex(event.key, at, items.length)
    if (next !== null && items[next]) {
      event.preventDefault()
      onSelect(items[next])
    } else if ((event.key === 'Enter' || event.key === ' ') && items[at]) {
      event.preventDefault()
      onOpen?.(items[at])
    } else if (event.key === 'x' && onMark && items[at]) {
      event.preventDefault()
      onMark(items[at])
    }
  }
  return (
    <div
      ref={scroller}
      className="list scroll"
      role={role}
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
      onKeyDown={move}
      onScroll={({ currentTarget: box }) => {
        wasAtEnd.current = box.scrollTop + box.clientHeight >= box.scrollHeight - 8
      }}
      data-testid={testId}
      data-keys="list"
    >
      <div className="list-rows" role="presentation" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((row) => {
          const item = items[row.index]
          if (item === undefined) return null
          const isSelected = row.index === at
          return (
            <div
              key={row.key}
              id={`${id}-${row.index}`}
              role={role === 'tree' ? 'treeitem' : 'option'}
              aria-selected={isSelected}
              aria-level={levelOf?.(item)}
              aria-expanded={isOpenOf?.(item) ?? undefined}
              aria-setsize={items.length}
              aria-posinset={row.index + 1}
              className="list-row"
              style={{ transform: `translateY(${row.start}px)`, height: row.size }}
              onClick={() => onSelect(item)}
              onDoubleClick={() => onOpen?.(item)}
            >
              {render(item, isSelected)}
            </div>
          )
        })}
      </div>
    </div>
  )
}

/** null: not a key of a list. */
function nextIndex(key: string, at: number, count: number): number | null {
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return Math.min(at + 1, count - 1)
    case 'ArrowUp':
    case 'k':
      return Math.max(at - 1, 0)
    case 'Home':
      return 0
    case 'End':
      return count - 1
    case 'PageDown':
      return Math.min(at + 10, count - 1)
    case 'PageUp':
      return Math.max(at - 10, 0)
    default:
      return null
  }
}
