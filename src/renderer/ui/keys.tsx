import { showChord } from '../keys.ts'

export function Keys({ chord }: { chord: string }) {
  return (
    <span className="kbd">
      {showChord(chord).map((key) => (
        <kbd key={key}>{key}</kbd>
      ))}
    </span>
  )
}
