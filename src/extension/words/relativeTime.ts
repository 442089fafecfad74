const UNITS = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['week', 7 * 86_400],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

/**
 * How long ago something was, in words of the language: `5 min. ago`, `yesterday`.
 *
 * @param time Milliseconds since the epoch, as `now`.
 * @param language A BCP 47 tag; one that is none counts as English.
 */
export function relativeTime(time: number, now: number, language: string): string {
  const format = formatOf(language);
  // A clock ahead of ours: the file was saved just now.
  const seconds = Math.max(0, (now - time) / 1000);
  const unit = UNITS.find(([, length]) => seconds >= length);
  if (unit === undefined) return format.format(0, 'second');
  return format.format(-Math.floor(seconds / unit[1]), unit[0]);
}

function formatOf(language: string): Intl.RelativeTimeFormat {
  const options = { numeric: 'auto', style: 'short' } as const;
  try {
    return new Intl.RelativeTimeFormat(language, options);
  } catch {
    return new Intl.RelativeTimeFormat('en', options);
  }
}
