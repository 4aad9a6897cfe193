import { ALICAT } from './alicat/family.ts';
import type { FamilyDeclaration } from './family.ts';
import { SARTORIUS } from './sartorius/family.ts';
import { WATLOW } from './watlow/family.ts';

/** Every family by id, without its codec: all that screens, rig loader, conductor and seal need. */
const LIST = { alicat: ALICAT, watlow: WATLOW, sartorius: SARTORIUS };

export type FamilyId = keyof typeof LIST;
export const DECLARATIONS_BY_ID: Readonly<Record<FamilyId, FamilyDeclaration>> = LIST;
export const DECLARATIONS: ReadonlyMap<string, FamilyDeclaration> = new Map(Object.entries(LIST));
