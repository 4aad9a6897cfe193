/** A command as an operator says it: `set_setpoint 300 °C`. */
import type { ArgumentSpec, CommandSpec } from '../instruments/family.ts';
import type { Command } from '../record/command.ts';
import type { Json } from '../record/event.ts';

type Units = { readonly [name: string]: string };

/** Units of what was asked, by argument; `fieldUnits` are those the device itself reports. */
export function argumentUnits(spec: CommandSpec | undefined, fieldUnits: Units): Units {
  const units = (spec?.arguments ?? []).flatMap(({ name, unit, unitField }) => {
    const its = unit ?? (unitField === undefined ? undefined : fieldUnits[unitField]);
    return its === undefined ? [] : [[name, its] as const];
  });
  return Object.fromEntries(units);
}

export function commandWords(command: Command, spec: CommandSpec | undefined, units: Units): string {
  const words = (spec?.arguments ?? []).flatMap((argument, at) =>
    argumentWords(argument, command.payload[argument.name], units[argument.name], at === 0),
  );
  return [command.kind, ...words].join(' ');
}

/** What was left out, or is as it always is, needs no words; the first argument needs no name. */
function argumentWords(
  argument: ArgumentSpec,
  value: Json | undefined,
  unit: string | undefined,
  first: boolean,
): string[] {
  const { name, default: usual } = argument;
  if (value === undefined || value === null || value === usual || value === false) return [];
  if (value === true) return [name];
  const shown = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const named = first || name === 'value' ? shown : `${name} ${shown}`;
  return [unit === undefined ? named : `${named} ${unit}`];
}
