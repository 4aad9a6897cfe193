import * as v from 'valibot';
import { firstBrokenLink, firstLink, type Sha256 } from '../formats/events/chain.ts';
import type { EventRow } from '../formats/events/schema.ts';
import type { ChainHead, FinalizeWarning } from '../formats/manifest.ts';
import type { Json } from '../record/event.ts';
import type { RunOutcome } from '../record/run-state.ts';
import { KIND } from '../record/taxonomy.ts';
import { identityIn, type NamedIdentity } from './identity.ts';
import type { SqliteFile, SqlValue } from '../storage/sqlite-files.ts';

/** What `events.sqlite` says about the run as a whole. */
export interface RunEvents {
  readonly endedUtc: string | null;
  readonly outcome: RunOutcome;
  readonly queueHealth: { readonly [key: string]: Json };
  readonly droppedSamples: { readonly [channel: string]: number };
  readonly identities: ReadonlyMap<string, NamedIdentity>;
  readonly chain: ChainHead;
  readonly warnings: readonly FinalizeWarning[];
}

const EVENTS_PATH = 'events.sqlite';
/** A run that has no `run.ended` was not ended by anybody. */
const CRASHED: RunOutcome = { runStatus: 'crashed', exitReason: 'recovered after hard exit' };

const endedSchema = v.object({
  run_status: v.picklist(['completed', 'aborted', 'crashed']),
  exit_reason: v.string(),
  queue_health: v.optional(v.record(v.string(), v.unknown()), {}),
  dropped_samples: v.optional(v.record(v.string(), v.number()), {}),
  device_identities: v.optional(v.unknown()),
});
const namedSchema = v.object({ device: v.optional(v.string()), name: v.optional(v.string()) });

/** Reads once over all events; `members` are the texts the chain's first link binds. */
export async function readRunEvents(
  database: SqliteFile,
  members: { readonly [path: string]: string },
  sha256: Sha256,
): Promise<RunEvents> {
  const identities = new Map<string, NamedIdentity>();
  let outcome = CRASHED;
  let ended: v.InferOutput<typeof endedSchema> | null = null;
  const walk = new ChainWalk(firstLink(members, sha256), sha256);
  for await (const [row, hash] of eventRows(database)) {
    walk.take(row, hash);
    if (row.kind === KIND.deviceIdentified) addIdentities(identities, [parseMetadata(row)]);
    if (row.kind !== KIND.runEnded) continue;
    const parsed = v.safeParse(endedSchema, parseMetadata(row));
    if (!parsed.success) continue;
    ended = parsed.output;
    outcome = { runStatus: ended.run_status, exitReason: ended.exit_reason };
    addIdentities(identities, listOf(ended.device_identities));
  }
  return {
    endedUtc: walk.lastUtc,
    outcome,
    queueHealth: (ended?.queue_health ?? {}) as { [key: string]: Json },
    droppedSamples: ended?.dropped_samples ?? {},
    identities,
    chain: walk.head(),
    warnings: walk.warnings(),
  };
}

const SELECT = `SELECT e.id, e.t_mono_ns, e.t_utc, e.kind, e.severity, e.source, e.message, e.metadata_json, p.hash
  FROM events e LEFT JOIN event_proof p ON p.event_id = e.id ORDER BY e.id`;

async function* eventRows(database: SqliteFile): AsyncGenerator<[EventRow, string], void, void> {
  for await (const [id, mono, utc, kind, severity, source, message, metadata, hash] of database.rows(
    SELECT,
  )) {
    const row: EventRow = {
      id: Number(id),
      t_mono_ns: Number(mono),
      t_utc: textOf(utc),
      kind: textOf(kind),
      severity: textOf(severity),
      source: textOf(source),
      message: textOf(message),
      metadata_json: metadata === null || metadata === undefined ? null : textOf(metadata),
    };
    yield [row, textOf(hash)];
  }
}

function textOf(value: SqlValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** Follows the chain row by row and remembers where it first breaks. */
class ChainWalk {
  readonly #sha256: Sha256;
  #link: Uint8Array;
  #count = 0;
  #firstHash = '';
  #headHash = '';
  #brokenAt: number | null = null;
  lastUtc: string | null = null;

  constructor(first: Uint8Array, sha256: Sha256) {
    this.#link = first;
    this.#sha256 = sha256;
  }

  take(row: EventRow, hash: string): void {
    this.#brokenAt ??= firstBrokenLink(this.#link, [{ row, hash }], this.#sha256);
    this.#link = fromHexOrEmpty(hash);
    this.#count += 1;
    if (this.#count === 1) this.#firstHash = hash;
    this.#headHash = hash;
    this.lastUtc = row.t_utc;
  }

  head(): ChainHead {
    return { count: this.#count, firstHash: this.#firstHash, headHash: this.#headHash };
  }

  warnings(): readonly FinalizeWarning[] {
    if (this.#brokenAt === null) return [];
    return [{ path: EVENTS_PATH, reason: `the hash chain breaks at event ${this.#brokenAt}` }];
  }
}

function fromHexOrEmpty(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length >> 1 }, (_, i) =>
    Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16),
  );
}

function parseMetadata(row: EventRow): unknown {
  try {
    return JSON.parse(row.metadata_json ?? '{}');
  } catch {
    return {};
  }
}

/** A list of identities, or an object of them by device name. */
function listOf(raw: unknown): readonly unknown[] {
  if (Array.isArray(raw)) return raw;
  if (typeof raw !== 'object' || raw === null) return [];
  return Object.entries(raw).map(([device, identity]) =>
    typeof identity === 'object' && identity !== null ? { device, ...identity } : {},
  );
}

/** A device that is lost at the end does not take back who it said it was. */
function addIdentities(identities: Map<string, NamedIdentity>, raw: readonly unknown[]): void {
  for (const one of raw) {
    const named = v.safeParse(namedSchema, one);
    const key = named.success ? (named.output.device ?? named.output.name) : undefined;
    const identity = identityIn(one);
    if (key !== undefined && identity !== null) identities.set(key, identity);
  }
}
