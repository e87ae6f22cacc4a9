import { useState } from 'react'
import { SessionId } from '../../shared/domain/ids.ts'
import type { OpenedRecording } from '../stores/opened.ts'
import { createReplay } from '../stores/replay.ts'
import { Button } from '../ui/button.tsx'
import { AgentText } from '../ui/text.tsx'
import { ReplayOf } from './replay.tsx'

/** It belongs to no session of this host. */
const NO_SESSION = SessionId.parse('ses_0000000000000000')

/** A recording from a file, read-only like every replay. */
export function OpenedReplay({
  recording,
  onClose,
}: {
  recording: OpenedRecording
  onClose: (() => void) | null
}) {
  const [replay] = useState(() => createReplay(NO_SESSION, recording.source))
  return (
    <div className="opened" data-testid="opened">
      <div className="ribbon">
        <b className="clip">
          <AgentText text={recording.name} max={120} bare />
        </b>
        <span className="dim grow clip">From a file. {recording.origin}</span>
        {onClose && (
          <Button small icon="close" onClick={onClose} data-testid="opened-close">
            Close
          </Button>
        )}
      </div>
      <ReplayOf replay={replay} origin={recording.isOwn ? 'own-file' : 'other-file'} />
    </div>
  )
}
