import type { Result } from '../record/problem.ts';
import { fail, ok } from '../record/problem.ts';

export interface ChosenPort {
  readonly transport: 'web-serial';
  readonly usbVendorId: number;
  readonly usbProductId: number;
  /** Which of several equal adapters, in the browser's order, from 0. */
  readonly index: number;
}

export interface ChooserFault {
  readonly code: 'cancelled' | 'unsupported' | 'failed';
  readonly detail: string;
}

/** What of a granted port tells it from the others: the browser shows no serial number. */
function sameKind(a: SerialPort, b: SerialPort): boolean {
  const one = a.getInfo();
  const two = b.getInfo();
  return one.usbVendorId === two.usbVendorId && one.usbProductId === two.usbProductId;
}

/** Opens the browser's port chooser; only a window may, and only in a user gesture. Cancelling is NotFoundError. */
export async function choosePort(serial: Serial | undefined): Promise<Result<ChosenPort, ChooserFault>> {
  if (serial === undefined)
    return fail({ code: 'unsupported', detail: 'This browser has no Web Serial; use Chrome or Chromium.' });
  try {
    const port = await serial.requestPort();
    const { usbVendorId, usbProductId } = port.getInfo();
    if (usbVendorId === undefined || usbProductId === undefined)
      return fail({
        code: 'failed',
        detail: 'This port has no USB identity, so it could not be found again.',
      });
    const equal = (await serial.getPorts()).filter((other) => sameKind(port, other));
    const index = Math.max(0, equal.indexOf(port));
    return ok({ transport: 'web-serial', usbVendorId, usbProductId, index });
  } catch (cause) {
    const name = cause instanceof DOMException ? cause.name : '';
    if (name === 'NotFoundError') return fail({ code: 'cancelled', detail: 'No port was chosen.' });
    return fail({ code: 'failed', detail: cause instanceof Error ? cause.message : String(cause) });
  }
}
