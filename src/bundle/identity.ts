import * as v from 'valibot';

/** Who a device said it was. */
export interface NamedIdentity {
  readonly manufacturer: string;
  readonly model: string;
  readonly serial: string;
  readonly firmware: string;
}

const word = v.optional(v.nullable(v.string()), '');
const schema = v.object({ manufacturer: word, model: word, serial: word, firmware: word });

/** An identity among other fields; null when all of it is empty. */
export function identityIn(fields: unknown): NamedIdentity | null {
  const parsed = v.safeParse(schema, fields);
  if (!parsed.success) return null;
  const { manufacturer, model, serial, firmware } = parsed.output;
  if (!manufacturer && !model && !serial && !firmware) return null;
  return {
    manufacturer: manufacturer ?? '',
    model: model ?? '',
    serial: serial ?? '',
    firmware: firmware ?? '',
  };
}
