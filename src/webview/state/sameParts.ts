/** Whether two drawings follow from the very same things. */
export function sameParts(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((part, k) => part === others[k]);
}
