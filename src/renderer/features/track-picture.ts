import { drawOverTracks, drawTracks } from './timeline-canvas.ts'
import type { Picture } from './timeline-controller.ts'
import { hitTest } from './timeline-layout.ts'

/** Every kind of event on a track of its own. */
export const trackPicture: Picture = {
  still: drawTracks,
  draw: drawOverTracks,
  hit: ({ tracks, range, width, height, nowMs }, point) =>
    hitTest(tracks, point, range, { width, height }, nowMs),
  along: ({ marks }, mark) => marks.filter((item) => !mark || item.track === mark.track),
  height: () => 0,
}
