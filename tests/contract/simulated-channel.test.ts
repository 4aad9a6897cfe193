import { SimulatedPort, type SimulatedInstrument } from '../../src/transports/simulated.ts';
import { hostClock } from '../../src/wire/host-clock.ts';
import { byteChannelContract } from './byte-channel.ts';

/** Listens; what it sends comes from the test through its port. */
class Listener implements SimulatedInstrument {
  readonly got: number[] = [];

  receive(bytes: Uint8Array) {
    this.got.push(...bytes);
    return [];
  }
}

byteChannelContract('simulated', async () => {
  const wire = new Listener();
  const port = new SimulatedPort({ instrument: wire, clock: hostClock });
  return {
    channel: () => port.find(new AbortController().signal),
    deviceSends: async (bytes) => port.deviceSends(bytes),
    deviceGot: async () => Uint8Array.from(wire.got),
    unplug: async () => port.unplug(),
    plug: async () => port.plug(),
    dispose: async () => undefined,
  };
});
