/** Dedicated worker: real channels over real `SerialPort`s, driven from outside. */
import type { ByteChannel } from '../../../src/transports/byte-channel.ts';
import { WebSerialPortSource } from '../../../src/transports/web-serial-source.ts';
import { hostClock } from '../../../src/wire/host-clock.ts';
import { fromBase64, toBase64, type ChannelAnswer, type ChannelRequest } from './messages.ts';

const channels: ByteChannel[] = [];

function channel(index: number): ByteChannel {
  const found = channels[index];
  if (found === undefined) throw new Error(`no channel ${index}`);
  return found;
}

const done = (number = 0, base64 = ''): ChannelAnswer => ({ ok: true, number, base64 });

async function find(request: ChannelRequest & { operation: 'find' }): Promise<ChannelAnswer> {
  const source = new WebSerialPortSource(navigator.serial, { ...request, index: 0 }, hostClock);
  const found = await source.find(AbortSignal.timeout(request.withinMs));
  return done(channels.push(found) - 1);
}

async function answer(request: ChannelRequest): Promise<ChannelAnswer> {
  switch (request.operation) {
    case 'find':
      return find(request);
    case 'open': {
      const result = await channel(request.channel).open(request.line);
      return result.ok ? done() : result;
    }
    case 'read': {
      const result = await channel(request.channel).read();
      return result.ok ? done(result.value.tHostMs, toBase64(result.value.bytes)) : result;
    }
    case 'write': {
      const result = await channel(request.channel).write(fromBase64(request.base64));
      return result.ok ? done(result.value) : result;
    }
    case 'signals': {
      const result = await channel(request.channel).setSignals(request.signals);
      return result.ok ? done() : result;
    }
    case 'close':
      await channel(request.channel).close();
      return done();
  }
}

addEventListener('message', ({ data }: MessageEvent<{ call: number; request: ChannelRequest }>) => {
  answer(data.request).then(
    (value) => postMessage({ call: data.call, value }),
    (error: unknown) => postMessage({ call: data.call, thrown: String(error) }),
  );
});
