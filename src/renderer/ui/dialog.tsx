import { type ReactNode, useEffect, useId, useRef } from 'react'
import { Button } from './button.tsx'

interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  readonly children: ReactNode
  readonly foot?: ReactNode
  readonly narrow?: boolean
  readonly testId: string
}

/** Modal while mounted. The browser keeps the focus inside and gives it back. */
export function Dialog({ title, onClose, children, foot, narrow = false, testId }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useEffect(() => {
    const dialog = element.current!
    // Without a field that wants it, the focus is the dialog's own and not its close button's.
    const wanted = dialog.contains(document.activeElement) ? document.activeElement : dialog
    if (!dialog.open) dialog.showModal()
    if (wanted instanceof HTMLElement) wanted.focus()
    return () => dialog.close()
  }, [])
  return (
    <dialog
      ref={element}
      className={narrow ? 'dialog narrow' : 'dialog'}
      aria-labelledby={titleId}
      tabIndex={-1}
      data-testid={testId}
      onCancel={(event) => {
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
      narrow
      testId={testId}
      foot={
        <>
          <Button autoFocus onClick={onCancel} data-testid={`${testId}-cancel`}>
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
