interface SelectProps {
  readonly label: string
  readonly value: string
  readonly choices: Readonly<Record<string, string>>
  readonly onChange: (value: string) => void
  readonly testId: string
}

/** One of a few, with its label above it. */
export const Select = ({ label, value, choices, onChange, testId }: SelectProps) => (
  <label className="field">
    {label}
    <select
      className="input"
      value={value}
      onChange={(event) => onChange(event.target.value)}
      data-testid={testId}
    >
      {Object.entries(choices).map(([key, words]) => (
        <option key={key} value={key}>
          {words}
        </option>
      ))}
    </select>
  </label>
)
