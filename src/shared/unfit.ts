import type { Message } from './words/message';

/** What zod is told of values that do not belong together: its own messages are texts. */
export function unfit(path: string[], said: Message): Unfit {
  return { code: 'custom', path, params: { said } };
}

// eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- zod asks for an index, which an interface has not
type Unfit = {
  readonly code: 'custom';
  readonly path: string[];
  readonly params: { readonly said: Message };
};

/** The message of such an issue, wherever zod has put it; undefined in others. */
export function unfitMessage({ params }: { readonly params?: unknown }): Message | undefined {
  return (params as { readonly said?: Message } | undefined)?.said;
}
