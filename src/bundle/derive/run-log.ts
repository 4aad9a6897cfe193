import type { JournalItem } from '../../formats/journal/item.ts';
import { formatRunLogLine, type LogContext } from '../../formats/run-log.ts';
import type { Spool } from '../spool.ts';
import type { DerivedMember, Deriver } from './deriver.ts';

export const RUN_LOG_PATH = 'run.log';
const BATCH_CHARS = 64 * 1024;

/** `run.log` out of the journal's log lines. */
export class RunLogDeriver implements Deriver {
  readonly #spool: Spool;
  readonly #context: LogContext;
  #batch = '';
  #rows = 0;

  constructor(spool: Spool, context: LogContext) {
    this.#spool = spool;
    this.#context = context;
  }

  take(item: JournalItem): void {
    if (item.type !== 'log') return;
    const { tUtc: timestamp, level, event, fields } = item;
    this.#batch += formatRunLogLine({ timestamp, level, event, fields }, this.#context, item.tMonoNs);
    this.#rows += 1;
    if (this.#batch.length > BATCH_CHARS) this.#write();
  }

  relieve(): Promise<void> {
    return this.#spool.relieve();
  }

  async finish(): Promise<readonly DerivedMember[]> {
    this.#write();
    await this.#spool.relieve();
    return [{ spool: this.#spool, rows: this.#rows, warnings: [] }];
  }

  #write(): void {
    this.#spool.append(new TextEncoder().encode(this.#batch));
    this.#batch = '';
  }
}
