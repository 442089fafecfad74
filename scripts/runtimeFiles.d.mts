export const TARGETS: readonly string[];

export function runtimeFiles(
  root: string,
  target: string,
): Promise<{ packages: string[]; files: string[] }>;
