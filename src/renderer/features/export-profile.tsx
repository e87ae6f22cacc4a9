import { useEffect, useState } from 'react'
import type { PolicyFile } from '../../shared/domain/policy-file.ts'
import { WriteFormat, type WrittenPolicy } from '../../shared/domain/policy-formats.ts'
import { listProfiles, useProfiles, writtenFor } from '../stores/profiles.ts'
import { fileName, saveFile } from '../stores/save-file.ts'
import { Button } from '../ui/button.tsx'
import { type Choice, Segmented } from '../ui/choices.tsx'
import { CopyButton } from '../ui/copy.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Select } from '../ui/select.tsx'
import { Failed, Loading } from '../ui/states.tsx'
import { FORMAT_NAMES, WRITTEN_FOR } from '../words/policy-formats.ts'
import { MappingReportView } from './mapping-report.tsx'

const FORMATS: readonly Choice<WriteFormat>[] = WriteFormat.options.map((value) => ({
  ...{ value, label: FORMAT_NAMES[value] },
}))

interface ExportProfileProps {
  /** Absent: the first. */
  readonly of?: string
  readonly onClose: () => void
}

/** A profile as settings of another tool, and what that tool has no words for. */
export function ExportProfileDialog({ of, onClose }: ExportProfileProps) {
  const profiles = useProfiles((state) => state.profiles)
  const [name, setName] = useState(of ?? null)
  const [format, setFormat] = useState<WriteFormat>('claude')
  useEffect(() => {
    void listProfiles()
  }, [])
  const usable = (profiles ?? []).filter(({ policy }) => policy !== null)
  // Of two of one name the person's own is meant.
  const chosen = usable.findLast((profile) => profile.name === name) ?? usable[0]
  const policy = chosen?.policy ?? null
  const { written, isCurrent, retry } = useWritten(policy, format)
  const answer = written?.answer ?? null
  const text = isCurrent && answer ? answer.text : null
  const { place, ending } = WRITTEN_FOR[format]
  return (
    <Dialog
      title="Export a profile"
      onClose={onClose}
      size="wide"
      testId="export-profile"
      foot={
        <>
          <span className="grow small dim clip">
            {FORMAT_NAMES[format]} reads it from <span className="mono">{place}</span>. Cloche does
            not write there.
          </span>
          <Button onClick={onClose}>Close</Button>
          <CopyButton text={text ?? ''} small={false} />
          <Button
            look="primary"
            disabled={text === null}
            onClick={() => {
              const isToml = ending.endsWith('.toml')
              const type = isToml ? 'application/toml' : 'application/json'
              saveFile(fileName(chosen?.name ?? '', ending), type, text ?? '')
            }}
            data-testid="export-profile-save"
          >
            Save file
          </Button>
        </>
      }
    >
      <div className="settings-bar">
        <Select
          label="Profile"
          value={chosen?.name ?? ''}
          choices={Object.fromEntries(usable.map((profile) => [profile.name, profile.name]))}
          onChange={setName}
          testId="export-profile-name"
        />
        <div className="field">
          As settings of
          <Segmented
            label="As settings of"
            value={format}
            choices={FORMATS}
            onChange={setFormat}
            testId="export-profile-format"
          />
        </div>
      </div>
      {!written && <Loading what="the settings" rows={8} />}
      {written && !answer && <Failed what="The settings" retry={retry} />}
      {answer && (
        <div className="settings-columns">
          <MappingReportView report={answer.report} none="The profile says nothing." />
          <textarea
            className="input mono policy-text"
            aria-label="The settings"
            readOnly
            spellCheck={false}
            value={answer.text}
            data-testid="export-profile-text"
          />
        </div>
      )}
    </Dialog>
  )
}

interface Written {
  readonly policy: PolicyFile
  readonly format: WriteFormat
  /** null: the host did not answer. */
  readonly answer: WrittenPolicy | null
}

/** The last answer stays until the next is there; `isCurrent`: it is that of what is chosen. */
function useWritten(policy: PolicyFile | null, format: WriteFormat) {
  const [round, setRound] = useState(0)
  const [written, setWritten] = useState<Written | null>(null)
  useEffect(() => {
    if (!policy) return
    let isGone = false
    void writtenFor(policy, format).then(
      (answer) => !isGone && setWritten({ policy, format, answer }),
    )
    return () => {
      isGone = true
    }
  }, [policy, format, round])
  const retry = (): void => {
    setWritten(null)
    setRound(round + 1)
  }
  const isCurrent = written?.format === format && written.policy === policy
  return { written, isCurrent, retry }
}
