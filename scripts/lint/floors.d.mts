import type { Rule } from 'eslint';

export type Floors = Readonly<Record<string, readonly string[]>>;
export const floors: Rule.RuleModule;
export function mayImport(house: string, floors: Floors, from: string, to: string): boolean;
