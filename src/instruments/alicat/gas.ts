/** The gases whose codes are the same on every firmware seen (`spec/protocols.md` §5.2); more by number. */
const GASES: readonly string[] = [
  'Air',
  'Ar',
  'CH4',
  'CO',
  'CO2',
  'C2H6',
  'H2',
  'He',
  'N2',
  'N2O',
  'Ne',
  'O2',
  'C3H8',
];

/** Code of a gas given by name or number; null when nobody knows it. Numbers end at 255, the mixes' last. */
export function gasCode(gas: string | number): number | null {
  const text = String(gas).trim();
  const byName = GASES.findIndex((name) => name.toLowerCase() === text.toLowerCase());
  if (byName >= 0) return byName;
  return /^\d{1,3}$/.test(text) && Number(text) <= 255 ? Number(text) : null;
}

export function gasName(code: number): string | null {
  return GASES[code] ?? null;
}
