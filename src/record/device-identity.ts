/** A device's answer when it was asked who it is, as `run.ended` and the manifest name it. */
export interface DeviceIdentity {
  readonly name: string;
  readonly adapter: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly serial: string;
  readonly firmware: string;
  /** Name of its wire, `/wire/<port>` in the journal. */
  readonly port: string;
}
