import type { ReactNode } from 'react'
import { setUi } from '../stores/ui.ts'
import { Confirm } from '../ui/dialog.tsx'

const close = (): void => setUi({ confirm: null })

interface AskProps {
  readonly title: string
  readonly confirm: string
  readonly testId: string
  readonly act: () => void
  readonly children: ReactNode
}

/** The question that stands in the way of what cannot be taken back. */
export const Ask = ({ act, ...rest }: AskProps) => (
  <Confirm
    {...rest}
    isDestructive
    onCancel={close}
    onConfirm={() => {
      close()
      act()
    }}
  />
)
