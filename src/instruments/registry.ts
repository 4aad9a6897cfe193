import { AlicatAdapter } from './alicat/adapter.ts';
import { AlicatSimulator } from './alicat/simulator.ts';
import { DECLARATIONS_BY_ID, type FamilyId } from './declarations.ts';
import type { Family } from './family.ts';
import { SartoriusAdapter } from './sartorius/adapter.ts';
import { SartoriusSimulator } from './sartorius/simulator.ts';
import { WatlowAdapter } from './watlow/adapter.ts';
import { WatlowSimulator } from './watlow/simulator.ts';

/** Factories of every declared family; one missing here, or one too many, does not compile. */
const FACTORIES: Readonly<Record<FamilyId, Omit<Family, 'declaration'>>> = {
  alicat: {
    createAdapter: (context) => new AlicatAdapter(context),
    createSimulator: (context) => new AlicatSimulator(context),
  },
  watlow: {
    createAdapter: (context) => new WatlowAdapter(context),
    createSimulator: (context) => new WatlowSimulator(context),
  },
  sartorius: {
    createAdapter: (context) => new SartoriusAdapter(context),
    createSimulator: (context) => new SartoriusSimulator(context),
  },
};

/** Families by id, in the order an unknown port is probed. */
export const FAMILIES: ReadonlyMap<string, Family> = new Map(
  (Object.keys(FACTORIES) as FamilyId[]).map((id) => [
    id,
    { declaration: DECLARATIONS_BY_ID[id], ...FACTORIES[id] },
  ]),
);
