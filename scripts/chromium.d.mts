import type { Browser } from 'playwright-core';

export function findChromium(): Promise<string | undefined>;
export function launchChromium(
  executablePath: string,
  environment: NodeJS.ProcessEnv,
): Promise<Browser>;
