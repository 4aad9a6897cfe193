import type { Json } from './event.ts';

/** A request to a device: who, why, what. One path for operator, procedure and headless. */
export interface Command {
  readonly id: string;
  readonly device: string;
  /** Name from the family's declared commands, e.g. `set_setpoint`. */
  readonly kind: string;
  readonly payload: { readonly [key: string]: Json };
  readonly issuedBy: string;
  readonly why: string;
}

export interface Receipt {
  readonly commandId: string;
  readonly accepted: boolean;
  /** `ok`, or why not, with the numbers. */
  readonly detail: string;
  readonly asked: { readonly [key: string]: Json };
  readonly sent: { readonly [key: string]: Json };
}
