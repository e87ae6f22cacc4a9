import './schemas-without-eval.ts'
import { StrictMode, useEffect } from 'react'
import { createRoot } from 'react-dom/client'
import { unpackBundle } from '../shared/recording/bundle.ts'
import { dispatchKey } from './dispatch-key.ts'
import { OpenedReplay } from './features/opened-replay.tsx'
import { DATA_ID, openData } from './stores/offline-page.ts'
import { type OpenedRecording, ofBundle } from './stores/opened.ts'
import './styles.ts'

// The whole of an exported HTML file: it plays what stands in it, and knows of no host.

async function read(): Promise<OpenedRecording | string> {
  const data = document.getElementById(DATA_ID)?.textContent
  if (!data) return 'This file holds no recording.'
  const bundle = unpackBundle(await openData(data))
  return bundle
    ? ofBundle(document.title, bundle)
    : 'This recording was made by a newer version of Cloche.'
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
