export type Floors = Readonly<Record<string, readonly string[]>>;
export function mayImport(house: string, floors: Floors, from: string, to: string): boolean;
