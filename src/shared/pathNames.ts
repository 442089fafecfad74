/** What is asked of Node's `path`, so that `path.win32` can be given on any machine. */
export interface PathModule {
  readonly sep: string;
  readonly relative: (from: string, to: string) => string;
}

/** A file as documents and people name it: relative to a folder, with forward slashes. */
export function nameIn(folder: string, path: string, { relative, sep }: PathModule): string {
  return relative(folder, path).split(sep).join('/');
}

/** Whether a path leads into a folder, which may be a root or a drive; both are absolute. */
export function isBelow(folder: string, path: string, { sep }: Pick<PathModule, 'sep'>): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** With the letter of a drive as the editor writes it: `c:\runs` of `C:\runs` and of `/C:\runs`. */
export function withEditorsDrive(path: string): string {
  return path.replace(/^\/?([A-Za-z]):(?=[\\/])/, (_, drive: string) => `${drive.toLowerCase()}:`);
}
