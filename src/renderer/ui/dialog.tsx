import { type ReactNode, useId, useLayoutEffect, useRef } from 'react'
import { Button } from './button.tsx'

interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  readonly children: ReactNode
  readonly foot?: ReactNode
  readonly size?: 'narrow' | 'normal' | 'wide'
  readonly testId: string
}

/** Modal while mounted. The browser keeps the focus inside and gives it back. */
export function Dialog({ title, onClose, children, foot, size = 'normal', testId }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  // Before the element is gone: only a dialog that is closed in place gives the focus back.
  useLayoutEffect(() => {
    const dialog = element.current!
    if (!dialog.open) dialog.showModal()
    // Not the close button, which the browser would take.
    const first = dialog.querySelector<HTMLElement>('[data-focus-first]') ?? dialog
    first.focus()
    return () => dialog.close()
  }, [])
  return (
    <dialog
      ref={element}
      className={`dialog ${size}`}
      aria-labelledby={titleId}
      tabIndex={-1}
      data-testid={testId}
      onCancel={(event) => {
        // React lets it bubble, the browser does not: it may be that of a dialog above this one.
        if (event.target !== event.currentTarget) return
        event.preventDefault()
        onClose()
      }}
    >
      <header className="dialog-head">
        <h1 id={titleId}>{title}</h1>
        <Button look="quiet" icon="close" aria-label="Close" onClick={onClose} />
      </header>
      <div className="dialog-body scroll">{children}</div>
      {foot && <footer className="dialog-foot">{foot}</footer>}
    </dialog>
  )
}

interface ConfirmProps {
  readonly title: string
  readonly children: ReactNode
  readonly confirm: string
  readonly isDestructive?: boolean
  readonly onConfirm: () => void
  readonly onCancel: () => void
  readonly testId: string
}

/** Cancel has the focus: Enter, pressed too early, changes nothing. */
export function Confirm({
  title,
  children,
  confirm,
  isDestructive = false,
  onConfirm,
  onCancel,
  testId,
}: ConfirmProps) {
  return (
    <Dialog
      title={title}
      onClose={onCancel}
      size="narrow"
      testId={testId}
      foot={
        <>
          <Button data-focus-first onClick={onCancel} data-testid={`${testId}-cancel`}>
            Cancel
          </Button>
          <Button
            look={isDestructive ? 'danger' : 'primary'}
            onClick={onConfirm}
            data-testid={`${testId}-confirm`}
          >
            {confirm}
          </Button>
        </>
      }
    >
      {children}
    </Dialog>
  )
}
