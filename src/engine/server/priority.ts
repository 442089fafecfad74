import { constants, setPriority } from 'node:os';

/**
 * Lets this process and the threads it starts from now on have what other programs leave over. On
 * Windows the lowest class gets nothing at all while others work, and would seem to hang.
 */
export function lowerPriority(): void {
  const { PRIORITY_BELOW_NORMAL, PRIORITY_LOW } = constants.priority;
  try {
    setPriority(process.platform === 'win32' ? PRIORITY_BELOW_NORMAL : PRIORITY_LOW);
  } catch {
    // Not allowed here: it runs as everything else does.
  }
}
