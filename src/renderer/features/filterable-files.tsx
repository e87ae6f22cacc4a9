import { type ReactNode, useMemo, useState } from 'react'
import { select, useSelection } from '../stores/selection.ts'
import { setUi } from '../stores/ui.ts'
import { FilterBar } from '../ui/filter-bar.tsx'
import { List } from '../ui/list.tsx'
import { plural } from '../words/format.ts'

interface Props<T> {
  label: string
  /** In the order in which they are shown. */
  files: readonly T[]
  row: (file: T) => ReactNode
  testId: string
  /** Of those that are shown, in words. */
  titleOf?: (files: readonly T[]) => string
  /** Stands above them. */
  note: ReactNode
}

/** Files by their paths, as many as a filter lets through; one can be chosen, and opened. */
export function FilterableFiles<T extends { readonly path: string }>(props: Props<T>) {
  const { files, titleOf } = props
  const subject = useSelection((selection) => selection.subject)
  const [filter, setFilter] = useState('')
  const shown = useMemo(() => {
    const wanted = filter.trim().toLowerCase()
    return wanted === '' ? files : files.filter(({ path }) => path.toLowerCase().includes(wanted))
  }, [files, filter])
  return (
    <>
      <FilterBar
        label="Filter files"
        value={filter}
        onChange={setFilter}
        testId="file-filter"
        count={plural(shown.length, 'file')}
        {...(titleOf && { title: titleOf(shown) })}
      />
      {props.note}
      <List
        label={props.label}
        items={shown}
        keyOf={(file) => file.path}
        rowHeight={28}
        selected={subject?.kind === 'file' ? subject.path : null}
        onSelect={(file) => select({ kind: 'file', path: file.path }, null)}
        onOpen={(file) => setUi({ file: file.path })}
        render={props.row}
        testId={props.testId}
      />
    </>
  )
}
