import { createSHA256 } from 'hash-wasm';
import { firstLink, nextLink, toHex } from '../../../src/formats/events/chain.ts';
import { eventParameters, eventRow } from '../../../src/formats/events/row.ts';
import { EVENT_INSERT, EVENTS_MIGRATIONS, PROOF_INSERT } from '../../../src/formats/events/schema.ts';
import { channelMetadata, encodeItem, MESSAGE_ENCODING } from '../../../src/formats/journal/messages.ts';
import { PartWriter, type Compress } from '../../../src/formats/journal/part-writer.ts';
import { journalSchema } from '../../../src/formats/journal/schemas.ts';
import { DECLARATIONS } from '../../../src/instruments/declarations.ts';
import { logTimeNs, type RunZero } from '../../../src/record/clock.ts';
import type { RunEvent } from '../../../src/record/event.ts';
import type { DataItem } from '../../../src/record/item.ts';
import { formatRig, parseRig } from '../../../src/rig/toml.ts';
import type { SlotStore } from '../../../src/storage/slot-store.ts';
import type { SqliteFiles } from '../../../src/storage/sqlite-files.ts';
import { Spool } from '../../../src/bundle/spool.ts';

export const RUN_ID = '2026-05-06_120000_pmma-3';
export const ZERO: RunZero = { hostMs: Date.UTC(2026, 4, 6, 12) + 0.25, utcMs: Date.UTC(2026, 4, 6, 12) };

const RIG_TOML = `name = "two instruments"
[[devices]]
name = "mfc"
adapter = "alicat"
port = { transport = "simulated" }
[[devices]]
name = "heater"
adapter = "watlow"
port = { transport = "simulated" }
[[channels]]
name = "flow"
kind = "mfc_flow"
unit = "SLPM"
source = { device = "mfc", field = "Mass_Flow" }
[[channels]]
name = "heater_pv"
kind = "process_var"
unit = "°C"
source = { device = "heater", field = "process_value", instance = 1 }
calibration = { kind = "linear_two_point", ref_low_raw = 0, ref_low_value = 1, ref_high_raw = 100, ref_high_value = 101 }
`;

export function rigToml(): string {
  const rig = parseRig(RIG_TOML, DECLARATIONS);
  if (!rig.ok) throw new Error(JSON.stringify(rig.error));
  return formatRig(rig.value);
}

export const MEMBERS = () => ({
  'config.toml': `${rigToml()}\n[run]\nsample_id = "PMMA-3"\n`,
  'env/build.json': JSON.stringify({
    version: '0.1.0',
    hash: 'abc',
    gitSha: 'def',
    gitDirty: false,
    builtUtc: 'then',
  }),
  'prerun.log': '{"timestamp": "2026-05-06T11:59:00.000000Z", "level": "INFO", "event": "kiosk.start"}\n',
});

/** Ten polls a second of each device; the heater's producer changes its epoch half-way, as after a reload. */
export function* polls(count: number): Generator<{ producer: string; items: DataItem[] }, void, void> {
  for (let i = 0; i < count; i += 1) {
    const tHostMs = ZERO.hostMs + 50 + i * 100;
    const base = { tHostMs, requestedHostMs: tHostMs - 2, receivedHostMs: tHostMs + 2, exchange: i + 1 };
    const wire = { type: 'wire' as const, port: 'simulated', job: 'free_run', exchange: i + 1 };
    yield {
      producer: 'mfc/1',
      items: [
        {
          ...wire,
          device: 'mfc',
          direction: 'tx',
          tHostMs: tHostMs - 2,
          bytes: new TextEncoder().encode('A\r'),
        },
        {
          ...wire,
          device: 'mfc',
          direction: 'rx',
          tHostMs: tHostMs + 2,
          bytes: new TextEncoder().encode(`A +${i}\r`),
        },
        {
          ...base,
          type: 'record',
          device: 'mfc',
          family: 'alicat',
          columns: { unit_id: 'A', Mass_Flow: i / 8, Mass_Flow_unit: 'SLPM', Mix_Gas: 'N2', status: '' },
        },
      ],
    };
    yield {
      producer: i < count / 2 ? 'heater/1' : 'heater/2',
      items: [
        {
          ...base,
          type: 'record',
          device: 'heater',
          family: 'watlow',
          columns: {
            parameter: 'process_value',
            instance: 1,
            value: 20 + i,
            value_text: null,
            unit: '°C',
            status: 'ok',
          },
        },
      ],
    };
    if (i % 10 === 0)
      yield {
        producer: 'conductor/1',
        items: [
          { type: 'status', tHostMs, device: 'mfc', family: 'alicat', health: 'ok', fields: { polls: i } },
          {
            type: 'log',
            tHostMs,
            tUtcMs: ZERO.utcMs + i * 100,
            level: i % 20 === 0 ? 'INFO' : 'WARNING',
            event: 'worker.transition',
            fields: { resource_id: 'simulated', i },
          },
        ],
      };
  }
}

/** One part over `batches`; sequences continue in `lanes`. */
export function partBytes(
  compress: Compress,
  batches: Iterable<{ producer: string; items: readonly DataItem[] }>,
  lanes: Map<string, number>,
  isFirst: boolean,
  waiver: 'none' | 'simulated' = 'simulated',
): Uint8Array {
  const writer = new PartWriter({ compress, library: 'benchseal' });
  const chunks: Uint8Array[] = [];
  if (isFirst) {
    const plan = {
      sampleId: 'PMMA-3',
      operator: { id: 'ada', displayName: 'Ada L.' },
      runUuid: '0190-uuid',
      zero: ZERO,
      waiver,
      session: {},
    };
    writer.addMetadata('plan', { json: JSON.stringify(plan) });
    for (const [name, text] of Object.entries(MEMBERS()))
      writer.addAttachment({
        name,
        mediaType: 'text/plain',
        logTimeNs: logTimeNs(0, ZERO),
        data: new TextEncoder().encode(text),
      });
  }
  let sinceChunk = 0;
  for (const { producer, items } of batches) {
    for (const item of items) {
      const sequence = (lanes.get(producer) ?? 0) + 1;
      lanes.set(producer, sequence);
      const { topic, schema, data, tMonoNs } = encodeItem(item, { zero: ZERO });
      writer.addMessage(
        `${producer} ${topic}`,
        () => ({
          topic,
          schemaKey: schema,
          schema: journalSchema(schema, DECLARATIONS),
          messageEncoding: MESSAGE_ENCODING[item.type],
          metadata: channelMetadata(item, producer),
        }),
        { sequence, logTimeNs: logTimeNs(tMonoNs, ZERO), data },
      );
    }
    sinceChunk += 1;
    if (sinceChunk % 20 === 0) {
      writer.closeChunk();
      chunks.push(writer.take());
    }
  }
  chunks.push(writer.finish());
  return concat(chunks);
}

export function runEvents(isEnded: boolean): RunEvent[] {
  const at = (ms: number) => ({ tHostMs: ZERO.hostMs + ms, tUtcMs: ZERO.utcMs + ms });
  const info = { severity: 'info' as const, source: 'conductor' };
  const identity = { manufacturer: 'Alicat', model: 'MC-5SLPM-D', serial: '123', firmware: '10v' };
  const events: RunEvent[] = [
    { ...at(0), ...info, kind: 'run.started', message: 'started' },
    {
      ...at(1),
      ...info,
      kind: 'device.identified',
      message: 'mfc',
      metadata: { device: 'mfc', ...identity },
    },
    { ...at(900), severity: 'error', source: 'conductor', kind: 'worker_adapter_error', message: 'nö reply' },
  ];
  if (isEnded)
    events.push({
      ...at(5000),
      ...info,
      kind: 'run.ended',
      message: 'ended',
      metadata: {
        run_status: 'aborted',
        exit_reason: 'operator_stop',
        queue_health: { 'loop.conductor': { samples: 5, lag_p50_ms: 0.25 } },
        device_identities: [
          { device: 'heater', manufacturer: 'Watlow', model: 'PM6', serial: '9', firmware: '16' },
        ],
      },
    });
  return events;
}

/** `events.sqlite` with its chain. */
export async function eventsBytes(sqlite: SqliteFiles, isEnded = true): Promise<Uint8Array> {
  const hasher = await createSHA256();
  const sha256 = (bytes: Uint8Array) => hasher.init().update(bytes).digest('binary');
  const spool = new Spool('events.sqlite', () => Promise.reject(new Error('grew too large')));
  const database = await sqlite.create(spool);
  for (const { sql } of EVENTS_MIGRATIONS) await database.run(sql);
  let link = firstLink(MEMBERS(), sha256);
  const rows = runEvents(isEnded).map((event, index) => eventRow(index + 1, event, ZERO));
  const proofs = rows.map((row) => {
    link = nextLink(link, row, sha256);
    return [row.id, 'conductor/1', row.id, toHex(link)];
  });
  await database.insertAll(EVENT_INSERT, rows.map(eventParameters));
  await database.insertAll(PROOF_INSERT, proofs);
  await database.close();
  return spool.bytes();
}

export async function closedSlot(store: SlotStore, path: string, bytes: Uint8Array): Promise<string> {
  const slot = await store.claim({ state: 'open', runId: RUN_ID, path, allowYoung: true });
  if (slot === null) throw new Error(`no spare for ${path}`);
  slot.writeAll(bytes, 0);
  slot.closeAs('closed', bytes.length);
  return slot.header.slot;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
