import { expect, it } from 'vitest';
import { FLOW } from '../rig/bench-rigs.ts';
import { waitUntil } from '../rig/wait-until.ts';
import { withWorkbench } from '../rig/workbench.ts';

it('a port that was chosen is identified, its channels appear, and it is picked up again after a replug', () =>
  withWorkbench({ instruments: [FLOW] }, async (bench) => {
    const { kiosk, instruments } = bench;
    // A headless chooser cannot be answered: the choice is ours, the port is the browser's own.
    await kiosk.page.evaluate(() => {
      Object.assign(navigator.serial, {
        requestPort: async () => (await navigator.serial.getPorts())[0],
      });
    });
    await kiosk.testId('connect-instrument').click();
    const view = await waitUntil(
      'the instrument to be identified',
      30_000,
      async () => (await kiosk.state()).devices.find((device) => device.phase === 'polling'),
      async () => (await kiosk.state()).devices,
    );
    expect(view).toMatchObject({
      family: 'alicat',
      identity: { manufacturer: expect.stringMatching(/alicat/i) as string },
    });
    await waitUntil('channels', 5000, async () => (await kiosk.channels()).length > 1);
    const rig = (await kiosk.state()).rig;
    expect(rig.channels.length).toBeGreaterThan(1);

    await instruments.unplug('flow');
    await waitUntil(
      'the loss to be seen',
      5000,
      async () => (await kiosk.state()).devices[0]?.phase !== 'polling',
    );
    await instruments.plug('flow');
    await waitUntil(
      'the instrument to be back',
      10_000,
      async () => (await kiosk.state()).devices[0]?.phase === 'polling',
    );
  }));
