/** A command at the device: checked against the family's declaration, carried out once, answered with a receipt. */
import type { Adapter } from '../instruments/adapter.ts';
import type { FamilyDeclaration } from '../instruments/family.ts';
import type { Command, Receipt } from '../record/command.ts';

export function refusal(command: Command, detail: string): Receipt {
  return { commandId: command.id, accepted: false, detail, asked: command.payload, sent: {} };
}

/** Why nobody could tell later whose command this was or whether it was carried out, or null. */
export function anonymity({ id, issuedBy }: Command): string | null {
  if (issuedBy.trim() === '') return 'a command needs the name of who gives it, actual: none';
  return id.trim() === '' ? 'a command needs an id, actual: none' : null;
}

export async function carryOut(
  adapter: Adapter,
  declaration: FamilyDeclaration,
  command: Command,
): Promise<Receipt> {
  const known = declaration.commands.map(({ kind }) => kind);
  if (!known.includes(command.kind)) {
    return refusal(command, `${declaration.id} has no command ${command.kind}; it has ${known.join(', ')}`);
  }
  const outcome = await adapter.command(command.kind, command.payload);
  return { commandId: command.id, asked: command.payload, ...outcome };
}
