import { useRef } from 'react'
import { Button } from './button.tsx'

/** Lets a person choose one file of theirs; nothing of its path is known here. */
export function FileButton({
  words,
  label,
  accept,
  onFile,
  testId,
}: {
  words: string
  /** Of the choice itself, for who does not see it. */
  label: string
  /** Endings of names, between commas. */
  accept: string
  onFile: (file: File) => void
  testId: string
}) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <input
        ref={input}
        type="file"
        className="visually-hidden"
        tabIndex={-1}
        aria-label={label}
        accept={accept}
        onChange={(event) => {
          const [file] = event.target.files ?? []
          event.target.value = ''
          if (file) onFile(file)
        }}
        data-testid={`${testId}-input`}
      />
      <Button icon="folder" onClick={() => input.current?.click()} data-testid={testId}>
        {words}
      </Button>
    </>
  )
}
