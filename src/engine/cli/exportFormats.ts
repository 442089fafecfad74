const FORMATS = ['.vti', '.vtp', '.npz', '.csv', '.json'] as const;

/** Ending of a file that a landscape is exported to. */
export type ExportFormat = (typeof FORMATS)[number];

/** For help and messages: apart from the writers, which help does not need. */
export const EXPORT_FORMATS = FORMATS.join(', ');
