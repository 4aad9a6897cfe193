import type { AdapterRecord } from '../instruments/adapter.ts';
import type { RecordItem } from '../record/item.ts';
import type { RigDevice } from '../rig/rig.ts';

/** Rows of one poll; each is dated to the midpoint of its request and reply (`design.md` §4). */
export function recordItems(device: RigDevice, records: readonly AdapterRecord[]): RecordItem[] {
  return records.map(({ columns, requestedHostMs, receivedHostMs, exchange }) => ({
    type: 'record',
    tHostMs: requestedHostMs + (receivedHostMs - requestedHostMs) / 2,
    requestedHostMs,
    receivedHostMs,
    device: device.name,
    family: device.adapter,
    exchange,
    columns,
  }));
}
