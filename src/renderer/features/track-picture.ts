import { drawOverTracks, drawTracks } from './timeline-canvas.ts'
import type { Picture } from './timeline-controller.ts'
import { hitTest, layoutLanes, nameAt } from './timeline-layout.ts'

/** Every kind of event on a track of its own. */
export const trackPicture: Picture = {
  still: drawTracks,
  draw: drawOverTracks,
  hit: ({ tracks, range, width, height, nowMs, pinned }, point) =>
    hitTest(tracks, layoutLanes(height, pinned), point, range, width, nowMs),
  name: ({ height, pinned }, point) => nameAt(layoutLanes(height, pinned), point),
  along: ({ marks }, mark) => marks.filter((item) => !mark || item.track === mark.track),
  height: () => 0,
}
