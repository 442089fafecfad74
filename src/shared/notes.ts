import type { ResultDocument } from './result';
import { english, type Message } from './words/message';

/** The part of a result document that its reader must know to judge the numbers. */
export type Notes = Pick<ResultDocument, 'notes' | 'messages'>;

/** A document has its notes in English, and beside them what they are made of. */
export function withNotes(before: Notes, more: readonly Message[]): Notes {
  return {
    notes: [...before.notes, ...more.map(english)],
    messages: [...(before.messages ?? []), ...more],
  };
}

/** To be said in any language; those of before messages were kept in English alone. */
export function notesOf({ notes, messages }: Notes): readonly (string | Message)[] {
  return messages?.length === notes.length ? messages : notes;
}
