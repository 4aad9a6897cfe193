/** Firmware of an Alicat and what it can be asked (`spec/protocols.md` §5.5). */
export type Firmware =
  | { readonly type: 'numbered'; readonly major: number; readonly minor: number; readonly text: string }
  /** `GP07R100`: reads as usual, refuses nearly every write. */
  | { readonly type: 'gp'; readonly text: string }
  | { readonly type: 'unknown'; readonly text: string };

export function parseFirmware(text: string): Firmware {
  const numbered = /\b(\d{1,2})v(\d{1,2})(?:\.\S*)?/.exec(text);
  if (numbered !== null) {
    return { type: 'numbered', major: Number(numbered[1]), minor: Number(numbered[2]), text: numbered[0] };
  }
  const gp = /\bGP\w*/.exec(text);
  return gp !== null ? { type: 'gp', text: gp[0] } : { type: 'unknown', text: text.trim() };
}

/** The least firmware of a command, as `major v minor`. */
const GATES = { LS: [9, 0], GS: [10, 5], FPF: [10, 5] } as const;

/** Unknown firmware is never assumed to be new: before 9v00, a command starting `AL` locks the front panel (§5.7). */
export function hasCommand(firmware: Firmware, command: keyof typeof GATES): boolean {
  if (firmware.type !== 'numbered') return false;
  const [major, minor] = GATES[command];
  return firmware.major > major || (firmware.major === major && firmware.minor >= minor);
}
