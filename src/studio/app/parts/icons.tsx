import type { ReactNode } from 'react'

/** Line icons of one family; always beside a word, so they say nothing to screen readers. */
function icon(paths: ReactNode) {
  return function Icon({ size = 20 }: { size?: number }) {
    return (
      <svg
        aria-hidden="true"
        width={size}
        height={size}
        viewBox="0 0 24 24"
        fill="none"
        stroke="currentColor"
        strokeWidth={1.7}
        strokeLinecap="round"
        strokeLinejoin="round"
      >
        {paths}
      </svg>
    )
  }
}

export const OverviewIcon = icon(<path d="M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z" />)
export const SyncIcon = icon(<path d="M4 9h15M15 5l4 4-4 4M20 15H5M9 11l-4 4 4 4" />)
export const ParkedIcon = icon(<path d="M12 8v4l2.5 2M12 3a9 9 0 1 0 9 9M16 3h5v5M21 3l-5 5" />)
export const AccountIcon = icon(<path d="M4 21V6l8-3 8 3v15M4 21h16M9 9h1M14 9h1M9 13h1M14 13h1M10 21v-4h4v4" />)
export const ContactIcon = icon(<path d="M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20c1-3.5 4-5 7.5-5s6.5 1.5 7.5 5" />)
export const MailIcon = icon(<path d="M4 6h16v12H4zM4 7l8 6 8-6" />)
export const SearchIcon = icon(<path d="M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4" />)
export const PlayIcon = icon(<path d="M7 5l11 7-11 7z" />)
export const PauseIcon = icon(<path d="M8 5v14M16 5v14" />)
export const StopIcon = icon(<path d="M6 6h12v12H6z" />)
export const RefreshIcon = icon(<path d="M20 11a8 8 0 0 0-14-4L4 9M4 4v5h5M4 13a8 8 0 0 0 14 4l2-2M20 20v-5h-5" />)
export const SunIcon = icon(
  <path d="M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4" />,
)
export const MoonIcon = icon(<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z" />)
export const DoorIcon = icon(<path d="M14 4h5v16h-5M4 12h11M11 8l4 4-4 4" />)
export const TableIcon = icon(<path d="M4 5h16v14H4zM4 10h16M10 5v14" />)
export const CheckIcon = icon(<path d="M5 12.5l4.5 4.5L19 7.5" />)
export const PreviousIcon = icon(<path d="M6 15l6-6 6 6" />)
export const NextIcon = icon(<path d="M6 9l6 6 6-6" />)
export const ShieldIcon = icon(<path d="M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6zM9 12l2 2 4-4" />)
