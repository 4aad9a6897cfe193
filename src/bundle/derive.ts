import type { FinalizeWarning } from '../formats/manifest.ts';
import type { LogContext } from '../formats/run-log.ts';
import type { RunZero } from '../record/clock.ts';
import { createCalibrator } from '../rig/calibrate.ts';
import type { DeviceSchema, DeviceSchemas, RecordLayout } from '../rig/device-schema.ts';
import type { Rig } from '../rig/rig.ts';
import type { SqliteFiles } from '../storage/sqlite-files.ts';
import type { DerivedMember, Deriver } from './derive/deriver.ts';
import { DeviceRecordsDeriver, deviceRecordsPath } from './derive/device-records.ts';
import { RecordIds } from './derive/record-ids.ts';
import { RunLogDeriver, RUN_LOG_PATH } from './derive/run-log.ts';
import { ScalarsDeriver, SCALARS_PATH } from './derive/scalars.ts';
import { StatusDeriver, STATUS_PATH } from './derive/status.ts';
import type { NamedIdentity } from './identity.ts';
import { inOrder, type OrderedPart } from './journal-order.ts';
import { Spool, type ClaimSlot } from './spool.ts';

export interface DeriveInput {
  readonly parts: readonly OrderedPart[];
  readonly zero: RunZero;
  /** Null when `config.toml` cannot be read: then there are no scalars, only what the devices said. */
  readonly rig: Rig | null;
  readonly schemas: DeviceSchemas;
  readonly log: LogContext;
  readonly sqlite: SqliteFiles;
  readonly claim: ClaimSlot;
  /** Hears the run time reached, ns. */
  readonly onProgress?: (tMonoNs: number) => void;
}

export interface Derived {
  readonly spools: readonly Spool[];
  readonly scalars: { readonly path: string; readonly rows: number } | null;
  readonly records: readonly {
    readonly adapter: string;
    readonly path: string;
    readonly layout: RecordLayout;
    readonly rows: number;
  }[];
  /** By device, out of its status. */
  readonly identities: ReadonlyMap<string, NamedIdentity>;
  readonly warnings: readonly FinalizeWarning[];
}

/** Items between two chances for grown members to move to slots. */
const BATCH_ITEMS = 2048;

/** Everything that follows from the journal, in one pass over it. */
export async function derive(input: DeriveInput): Promise<Derived> {
  const ids = new RecordIds();
  const spool = (path: string) => new Spool(path, input.claim);
  const families = familiesOf(input);
  const undeclared = new Map<string, number>();
  const records = families.map(
    (schema) =>
      new DeviceRecordsDeriver(spool(deviceRecordsPath(schema.id)), schema, { ids, zero: input.zero }),
  );
  const scalars =
    input.rig === null
      ? null
      : new ScalarsDeriver(spool(SCALARS_PATH), createCalibrator(input.rig, input.schemas), ids);
  const runLog = new RunLogDeriver(spool(RUN_LOG_PATH), input.log);
  const status = await StatusDeriver.create(spool(STATUS_PATH), input.sqlite, input.zero);
  const all: Deriver[] = [...records, ...(scalars === null ? [] : [scalars]), runLog, status];
  let count = 0;
  for await (const item of inOrder(input.parts)) {
    if (item.type === 'record' || item.type === 'block') {
      ids.next(item);
      if (!families.some(({ id }) => id === item.family))
        undeclared.set(item.family, (undeclared.get(item.family) ?? 0) + 1);
    }
    for (const deriver of all) deriver.take(item);
    count += 1;
    if (count % BATCH_ITEMS !== 0) continue;
    for (const deriver of all) await deriver.relieve();
    input.onProgress?.(item.tMonoNs);
  }
  return collect({ records, families, scalars, runLog, status, undeclared });
}

/** Families of the rig, also silent ones; without a rig, all this build knows. */
function familiesOf({ rig, schemas }: DeriveInput): readonly DeviceSchema[] {
  const wanted = rig === null ? [...schemas.keys()] : rig.devices.map(({ adapter }) => adapter);
  return [...new Set(wanted)].sort().flatMap((family) => schemas.get(family) ?? []);
}

async function collect(derivers: {
  readonly records: readonly DeviceRecordsDeriver[];
  readonly families: readonly DeviceSchema[];
  readonly scalars: ScalarsDeriver | null;
  readonly runLog: RunLogDeriver;
  readonly status: StatusDeriver;
  readonly undeclared: ReadonlyMap<string, number>;
}): Promise<Derived> {
  const members: DerivedMember[] = [];
  const records: Derived['records'][number][] = [];
  for (const [index, deriver] of derivers.records.entries()) {
    const finished = await deriver.finish();
    members.push(...finished);
    const { id: adapter, layout } = derivers.families[index] as DeviceSchema;
    for (const { spool, rows } of finished) records.push({ adapter, path: spool.path, layout, rows });
  }
  const scalars = (await derivers.scalars?.finish()) ?? [];
  members.push(...scalars, ...(await derivers.runLog.finish()), ...(await derivers.status.finish()));
  const [samples] = scalars;
  const undeclared = [...derivers.undeclared].map(([family, rows]) => ({
    path: deviceRecordsPath(family),
    reason: `not written: no declaration of family ${family} for its ${rows} records, they are in the journal`,
  }));
  return {
    spools: members.map(({ spool }) => spool),
    scalars: samples === undefined ? null : { path: samples.spool.path, rows: samples.rows },
    records,
    identities: derivers.status.identities(),
    warnings: [...members.flatMap(({ warnings }) => warnings), ...undeclared],
  };
}
