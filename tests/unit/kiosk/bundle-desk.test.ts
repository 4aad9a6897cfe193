import { afterEach, describe, expect, it } from 'vitest';
import type { BundleStart } from '../../../src/bundle/types.ts';
import { BundleDesk } from '../../../src/kiosk/bundle-desk.ts';
import { connectControl } from '../../../src/wire/call.ts';
import { RUN_ID } from '../bundle/made-run.ts';
import { bench, quiet, type Bench } from '../bundle/sealed-run.ts';

const desks: BundleDesk[] = [];
afterEach(() => {
  for (const desk of desks.splice(0)) desk.terminate();
});

/** A page's desk over these slots; its worker is the real one's inside, in this thread. */
function deskOver({ bundles }: Bench): BundleDesk {
  const desk = new BundleDesk(() => {
    const ports: MessagePort[] = [];
    const worker = {
      onerror: null,
      postMessage: ({ control }: BundleStart) => {
        ports.push(control);
        connectControl(control, {
          seal: bundles.seal.bind(bundles),
          verify: bundles.verify.bind(bundles),
          list: bundles.list.bind(bundles),
          members: bundles.members.bind(bundles),
        });
      },
      terminate: () => {
        for (const port of ports) port.close();
      },
    };
    return worker as unknown as Worker;
  }, 'build');
  desks.push(desk);
  return desk;
}

describe('bundle desk', () => {
  it('answers for a run that a page before it sealed and did not live to report', async () => {
    const at = await bench({ count: 6 });
    const first = await at.bundles.seal(RUN_ID, quiet);
    const result = await deskOver(at).seal(RUN_ID);
    expect(result).toEqual({ ...first, integrity: 'ok' });
  });

  it('never calls such a run sealed when a byte of it changed', async () => {
    const at = await bench({ count: 6 });
    await at.bundles.seal(RUN_ID, quiet);
    const member = (await at.bundles.members(RUN_ID)).find(({ path }) => path === 'run.log');
    const file = at.directory.files.get(member?.slot ?? '');
    if (member === undefined || file === undefined) throw new Error('run.log is gone');
    file.bytes[member.offset]! ^= 1;
    expect(await deskOver(at).seal(RUN_ID)).toEqual({
      ok: false,
      runId: RUN_ID,
      code: 'verification_failed',
      detail: 'run.log: digest_mismatch',
    });
  });
});
