import './schemas-without-eval.ts'
import { StrictMode, useEffect } from 'react'
import { createRoot } from 'react-dom/client'
import { BLOCK_ATTRIBUTE, BLOCK_SELECTOR } from '../shared/recording/offline-page.ts'
import { dispatchKey } from './dispatch-key.ts'
import { OpenedReplay } from './features/opened-replay.tsx'
import { type OpenedRecording, ofPacked } from './stores/opened.ts'
import { openPacked } from './stores/packed-recording.ts'
import './styles.ts'

// The whole of an exported HTML file: it plays what stands in it, and knows of no host.

async function read(): Promise<OpenedRecording | string> {
  const blocks = [...document.querySelectorAll(BLOCK_SELECTOR)].map((element) => ({
    kind: element.getAttribute(BLOCK_ATTRIBUTE) ?? '',
    data: element.textContent ?? '',
  }))
  if (blocks.length === 0) return 'This file holds no recording.'
  const packed = await openPacked(blocks)
  return packed
    ? ofPacked(document.title, packed)
    : 'This recording was made by another version of Cloche, or its end is missing.'
}

function OfflineApp({ found }: { found: OpenedRecording | string }) {
  useEffect(() => {
    window.addEventListener('keydown', dispatchKey, { capture: true })
    return () => window.removeEventListener('keydown', dispatchKey, { capture: true })
  }, [])
  return (
    <div className="app">
      <div className="app-body">
        <main className="main" aria-label="Recording">
          {typeof found === 'string' ? (
            <p className="page-head" role="alert">
              {found}
            </p>
          ) : (
            <OpenedReplay recording={found} onClose={null} />
          )}
        </main>
      </div>
    </div>
  )
}

void read()
  .catch(() => 'This file is damaged: the recording in it could not be read.')
  .then((found) =>
    createRoot(document.getElementById('root')!).render(
      <StrictMode>
        <OfflineApp found={found} />
      </StrictMode>,
    ),
  )
