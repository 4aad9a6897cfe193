import { spawnSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { ReadStream } from 'node:tty';
import { PTY_UNLOCK } from './native-parts.ts';

/** How the port introduces itself: ids in hex without 0x, as udev has them. */
export interface UsbIdentity {
  readonly vendorId: number;
  readonly productId: number;
  readonly name: string;
  readonly serialNumber: string;
}

/** Bytes as they passed, named as the host sees them: `tx` from host to device, `rx` from device to host. */
export interface WireEntry {
  readonly direction: 'tx' | 'rx';
  /** Epoch ms. */
  readonly tMs: number;
  readonly bytes: Uint8Array;
}

const hex4 = (value: number): string => value.toString(16).padStart(4, '0');
const SEND_QUEUE_MAX = 64 * 1024 * 1024;

/**
 * A pseudo-terminal which Chromium, with the stand-in preloaded, takes for a USB serial port. One instance is one
 * insertion of the plug: after `unplug` make a new one, as a real replugged device is a new tty.
 */
export class PtyPort extends EventEmitter<{ bytes: [Uint8Array]; hungUp: []; drained: [] }> {
  readonly path: string;
  readonly wire: WireEntry[] = [];
  keepWire = true;
  bytesSent = 0;
  bytesReceived = 0;
  /** Times the tty would take no more. */
  stalls = 0;
  private readonly folder: string;
  private readonly number: number;
  private readonly master: number;
  private readonly keeper: number;
  private readonly reader: ReadStream;
  private readonly queue: Uint8Array[] = [];
  private queuedBytes = 0;
  private timer: NodeJS.Timeout | null = null;
  private gone = false;
  private file: string | null = null;

  constructor(folder: string) {
    super();
    this.folder = folder;
    this.master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    const unlocked = spawnSync(PTY_UNLOCK, [], { stdio: ['ignore', 'pipe', 'inherit', this.master] });
    if (unlocked.status !== 0) throw new Error(`${PTY_UNLOCK} failed on /dev/ptmx`);
    this.number = Number(unlocked.stdout.toString());
    this.path = `/dev/pts/${this.number}`;
    // Without a slave descriptor of our own the master reads EIO whenever the browser closes the port.
    this.keeper = openSync(this.path, constants.O_RDWR | constants.O_NOCTTY);
    // Raw before the browser opens it, or the tty echoes the instrument's words back to it.
    spawnSync('stty', ['raw', '-echo'], { stdio: [this.keeper, 'ignore', 'inherit'] });
    for (const suffix of ['log', 'lines', 'inject']) rmSync(this.sideFile(suffix), { force: true });
    this.reader = new ReadStream(this.master);
    this.reader.on('data', (bytes: Buffer) => this.arrived(bytes));
    this.reader.on('error', () => {
      if (!this.gone) this.emit('hungUp');
    });
  }

  /** The udev "add". */
  plug(name: string, usb: UsbIdentity): void {
    const properties = {
      DEVNAME: this.path,
      ID_VENDOR_ID: hex4(usb.vendorId),
      ID_MODEL_ID: hex4(usb.productId),
      ID_MODEL_ENC: usb.name.replaceAll(' ', String.raw`\x20`),
      ID_SERIAL_SHORT: usb.serialNumber,
    };
    const text = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`);
    this.file = join(this.folder, `${name}.dev`);
    this.replaceFile(this.file, text.join(''));
  }

  /**
   * Hang-up first, then the udev "remove", as a pulled plug does: the hang-up alone fires no `disconnect` in the
   * browser, the removal alone leaves a pending read waiting.
   */
  unplug(): void {
    if (this.gone) return;
    this.gone = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.queue.length = 0;
    this.reader.destroy();
    closeSync(this.keeper);
    if (this.file !== null) rmSync(this.file, { force: true });
  }

  /** Device to host; queued while the tty is full. */
  send(bytes: Uint8Array): void {
    if (this.gone || bytes.length === 0) return;
    this.queuedBytes += bytes.length;
    if (this.queuedBytes > SEND_QUEUE_MAX)
      throw new Error(`${this.path}: nobody reads, ${this.queuedBytes} bytes wait`);
    this.queue.push(bytes);
    if (this.timer === null) this.pump();
  }

  get waiting(): number {
    return this.queuedBytes;
  }

  /** Modem lines the device drives, TIOCM_* bits. */
  driveLines(bits: number): void {
    this.replaceFile(this.sideFile('lines'), String(bits));
  }

  /** What the next read of the host finds first: `ff 00 00` = break, `ff 00 x` = `x` with a parity error. */
  injectLineError(marked: Uint8Array): void {
    this.replaceFile(this.sideFile('inject'), marked);
    this.send(Uint8Array.of(0x21)); // wakes the reader
  }

  /** What the host did to the line: `OPEN`, `CFG 9600 8n1 rtscts=0`, `DTR 1`, `FLUSH both`. */
  lineLog(): string[] {
    try {
      return readFileSync(this.sideFile('log'), 'utf8').trim().split('\n');
    } catch {
      return [];
    }
  }

  private arrived(bytes: Uint8Array): void {
    this.bytesReceived += bytes.length;
    this.log('tx', bytes);
    this.emit('bytes', bytes);
  }

  private pump(): void {
    this.timer = null;
    for (let bytes = this.queue[0]; bytes !== undefined && !this.gone; bytes = this.queue[0]) {
      const sent = this.writeSome(bytes);
      this.queuedBytes -= sent;
      if (sent < bytes.length) {
        this.queue[0] = bytes.subarray(sent);
        this.stalls++;
        this.timer = setTimeout(() => this.pump(), 1);
        return;
      }
      this.queue.shift();
    }
    this.emit('drained');
  }

  private writeSome(bytes: Uint8Array): number {
    let sent = 0;
    try {
      sent = writeSync(this.master, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
    this.bytesSent += sent;
    if (sent > 0) this.log('rx', bytes.subarray(0, sent));
    return sent;
  }

  private log(direction: WireEntry['direction'], bytes: Uint8Array): void {
    if (this.keepWire)
      this.wire.push({
        direction,
        tMs: performance.timeOrigin + performance.now(),
        bytes: Uint8Array.from(bytes),
      });
  }

  private sideFile(suffix: string): string {
    return join(this.folder, `pts${this.number}.${suffix}`);
  }

  private replaceFile(path: string, content: string | Uint8Array): void {
    writeFileSync(`${path}.tmp`, content);
    renameSync(`${path}.tmp`, path);
  }
}
