import { useEffect, useState } from 'react'
import type { EngineImage } from '../../shared/domain/engine.ts'
import { currentConnection } from '../connection.ts'
import { setDetails, useDetails } from '../stores/draft-details.ts'
import { Select } from '../ui/select.tsx'
import { formatBytes } from '../words/format.ts'

const OWN = 'This machine’s programs'

/** In one line, for the closed part. */
export const sumUpImage = (image: string | null): string => image ?? OWN

/** Whose programs are used in a container. */
export function ContainerImage() {
  const image = useDetails((details) => details.image)
  const [images, setImages] = useState<readonly EngineImage[] | null>(null)
  useEffect(() => {
    currentConnection()
      ?.api.image.list(null)
      .then(setImages, () => setImages([]))
  }, [])
  const choices = Object.fromEntries([
    ['', OWN],
    ...(images ?? []).map(({ name, sizeBytes }) => [name, `${name} · ${formatBytes(sizeBytes)}`]),
    ...(image !== null && !images?.some(({ name }) => name === image) ? [[image, image]] : []),
  ])
  return (
    <div className="stack">
      <Select
        label="Programs"
        value={image ?? ''}
        choices={choices}
        onChange={(name) => setDetails({ image: name === '' ? null : name })}
        testId="container-image"
      />
      <span className="small dim">
        {image === null
          ? 'The engine gets an empty image and this machine’s programs, read-only: whatever works in the OS sandbox works here.'
          : 'The agent must be in the image. That is looked at before anything starts.'}
      </span>
      {images?.length === 0 && (
        <span className="small dim">
          The engine has no image of its own yet. <code>docker pull</code> gets one;{' '}
          <code>docker load</code> or <code>docker import</code> where no registry is reached.
        </span>
      )}
    </div>
  )
}
