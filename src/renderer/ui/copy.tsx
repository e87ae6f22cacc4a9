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

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [isDone, setDone] = useState(false)
  useEffect(() => {
    if (!isDone) return
    const timer = setTimeout(() => setDone(false), 1500)
    return () => clearTimeout(timer)
  }, [isDone])
  return (
    <Button small icon={isDone ? 'check' : 'copy'} onClick={() => setDone(copyText(text))}>
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
