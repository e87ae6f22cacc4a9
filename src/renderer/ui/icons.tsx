import type { ReactNode } from 'react'

// One hand: 16 px grid, 1.5 px stroke, round ends. Named for what they mean.
const PATHS = {
  sessions: <path d="M2.5 3.5h11v9h-11zM5 6.5l2 1.5-2 1.5M8.5 10h2.5" />,
  prompts: <path d="M2.5 3h11v8H7l-3 2.5V11H2.5zM8 5.5V7M8 8.9v.1" />,
  recordings: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M6.75 5.75v4.5L10.5 8z" />
    </>
  ),
  containers: <path d="M8 2l5.5 3v6L8 14l-5.5-3V5zM2.5 5L8 8l5.5-3M8 8v6" />,
  rules: <path d="M3 4h1M7 4h6M3 8h1M7 8h6M3 12h1M7 12h6" />,
  doctor: <path d="M1.5 8.5h3L6.5 4l3 8 2-4.5h3" />,
  add: <path d="M8 3v10M3 8h10" />,
  close: <path d="M4 4l8 8M12 4l-8 8" />,
  check: <path d="M3 8.5l3.5 3.5L13 4.5" />,
  about: <path d="M3 6.5c1.7-1.7 3.3-1.7 5 0s3.3 1.7 5 0M3 10.5c1.7-1.7 3.3-1.7 5 0s3.3 1.7 5 0" />,
  deny: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M4.2 4.2l7.6 7.6" />
    </>
  ),
  ask: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M6.4 6.4a1.6 1.6 0 1 1 2.3 1.5c-.5.3-.7.6-.7 1.1M8 11v.1" />
    </>
  ),
  warning: <path d="M8 2.5L14 13H2zM8 6.5v3M8 11.2v.1" />,
  info: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M8 7.5V11M8 5.2v.1" />
    </>
  ),
  stop: <rect x="4" y="4" width="8" height="8" rx="1" />,
  restart: <path d="M3 8a5 5 0 1 0 1.6-3.7M3 2.5v3h3" />,
  replay: <path d="M5 3.5v9L12.5 8z" />,
  pause: <path d="M5.5 3.5v9M10.5 3.5v9" />,
  back: <path d="M12 3.5L6 8l6 4.5zM3.5 3.5v9" />,
  forward: <path d="M4 3.5L10 8l-6 4.5zM12.5 3.5v9" />,
  trash: <path d="M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.5 9h6l.5-9" />,
  edit: <path d="M3 13l.6-2.8L10.8 3l2.2 2.2-7.2 7.2z" />,
  copy: (
    <>
      <rect x="5.5" y="5.5" width="8" height="8" rx="1" />
      <path d="M3.5 10.5h-1v-8h8v1" />
    </>
  ),
  search: (
    <>
      <circle cx="7" cy="7" r="4" />
      <path d="M10 10l3.5 3.5" />
    </>
  ),
  audit: (
    <path d="M6.5 9.5l3-3M7 5l1.2-1.2a2.6 2.6 0 0 1 3.9 3.6l-1.3 1.4M9 11l-1.2 1.2a2.6 2.6 0 0 1-3.9-3.6l1.3-1.4" />
  ),
  compare: <path d="M6 2.5H2.5v11H6M10 2.5h3.5v11H10M8 1v14" />,
  file: <path d="M3.5 1.5h6l3 3v10h-9zM9.5 1.5v3h3M6 8h4M6 11h4" />,
  folder: <path d="M1.5 12.5v-9h4.5l1.5 2h7v7z" />,
  up: <path d="M8 13V3.5M4 7l4-4 4 4" />,
  chevron: <path d="M6 4l4 4-4 4" />,
  'chevron-down': <path d="M4 6l4 4 4-4" />,
  inspector: <path d="M2 3h12v10H2zM10 3v10" />,
  drawer: <path d="M2 3h12v10H2zM2 9.5h12" />,
  sidebar: <path d="M2 3h12v10H2zM6 3v10" />,
  minimise: <path d="M4 10.5h8" />,
  keyboard: <path d="M1.5 4.5h13v7h-13zM4 7h.1M6.6 7h.1M9.3 7h.1M12 7h.1M5 9.5h6" />,
  network: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M2.5 8h11M8 2.5c2.5 3 2.5 8 0 11M8 2.5c-2.5 3-2.5 8 0 11" />
    </>
  ),
  process: <path d="M2.5 2.5h4v3h-4zM9.5 6.5h4v3h-4zM9.5 11.5h4v2.5h-4zM4.5 5.5v7.2h5M4.5 8h5" />,
  external: <path d="M9 3h4v4M13 3L7.5 8.5M11 9.5V13H3V5h3.5" />,
  disconnected: (
    <path d="M2 2l12 12M5 8a4 4 0 0 1 .6-2M3 5.2A6.5 6.5 0 0 0 2 8M8 12.5h.1M10.6 7.2A4 4 0 0 1 11 8M8 3.5a6.5 6.5 0 0 1 6 4.5" />
  ),
  sun: (
    <>
      <circle cx="8" cy="8" r="2.75" />
      <path d="M8 1.5v1.5M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M12.6 3.4l-1 1M4.4 11.6l-1 1" />
    </>
  ),
  terminal: <path d="M3 4.5L6.5 8 3 11.5M8 12h5" />,
} satisfies Record<string, ReactNode>

export type IconName = keyof typeof PATHS

/** Decoration only: the words stand beside it, or in the button's label. */
export function Icon({ name, className = '' }: { name: IconName; className?: string }) {
  return (
    <svg
      className={`icon ${className}`}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {PATHS[name]}
    </svg>
  )
}

/** The dome over a dot: our mark, and the glyph of the OS sandbox in large. */
export function Mark({ size = 20 }: { size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      aria-hidden="true"
    >
      <path d="M3.5 15.5V10a6.5 6.5 0 0 1 13 0v5.5" strokeWidth="1.6" />
      <path d="M1.5 15.8h17" strokeWidth="1.6" strokeLinecap="round" />
      <circle cx="10" cy="2" r="1" fill="currentColor" stroke="none" />
      <circle cx="10" cy="11.5" r="1.8" fill="currentColor" stroke="none" />
    </svg>
  )
}
