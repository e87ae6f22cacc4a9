import { useEffect, useState } from 'react'
import { Button } from './button.tsx'

/** Needs no clipboard permission, which the desktop shell refuses to every page. */
export function copyText(text: string): boolean {
  const area = document.createElement('textarea')
  const focused = document.activeElement
  area.value = text
  area.className = 'visually-hidden'
  ;(focused?.closest('dialog') ?? document.body).append(area)
  area.select()
  const isCopied = document.execCommand('copy')
  area.remove()
  if (focused instanceof HTMLElement) focused.focus()
  return isCopied
}

interface CopyButtonProps {
  /** A function where the text is dear to make. */
  readonly text: string | (() => string)
  readonly label?: string
  readonly small?: boolean
}

export function CopyButton({ text, label = 'Copy', small = true }: CopyButtonProps) {
  const [isDone, setDone] = useState(false)
  useEffect(() => {
    if (!isDone) return
    const timer = setTimeout(() => setDone(false), 1500)
    return () => clearTimeout(timer)
  }, [isDone])
  const copy = (): void => setDone(copyText(typeof text === 'string' ? text : text()))
  return (
    <Button small={small} icon={isDone ? 'check' : 'copy'} onClick={copy}>
      {isDone ? 'Copied' : label}
    </Button>
  )
}

/** A command to run by hand. Cloche never runs it. */
export function CommandLine({ command }: { command: string }) {
  return (
    <div className="command-line">
      <code>{command}</code>
      <CopyButton text={command} />
    </div>
  )
}
