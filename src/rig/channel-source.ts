/** What a channel is bound to. `instance` for families with several loops (from 1). */
export interface ChannelSource {
  readonly device: string;
  readonly field: string;
  readonly instance?: number;
}

/** A field a family can read, as it is offered for a channel. */
export interface FieldSpec {
  /** Name a channel's `source.field` uses. */
  readonly field: string;
  readonly title: string;
  /** Unit of the raw value; `null` = the device says it at identify. */
  readonly unit: string | null;
  readonly channelKind: 'process_var' | 'setpoint' | 'mass' | 'mfc_flow' | 'pressure' | 'analog_in';
  readonly plotGroup: string;
  /** Offered as a channel when a device is connected by hand. */
  readonly offered: boolean;
}
