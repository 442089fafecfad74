/** Text that came from a file, for a place where markdown is read: it stays text. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>~&$:@]/g, '\\$&').replace(/[\r\n]+/g, ' ');
}

/** Address of a command with its argument, for a link in markdown. */
export function commandLink(label: string, command: string, argument: string): string {
  return `[${label}](command:${command}?${encodeURIComponent(JSON.stringify([argument]))})`;
}
