import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settle } from '../unit/instruments/simulated-line.ts';
import type { Scanner } from '../../src/instruments/adapter.ts';
import { looksStreaming, tableScan, textScanner } from '../../src/instruments/alicat/codec.ts';
import {
  frameScanner,
  layoutFromTable,
  readFrame,
  standardLayout,
} from '../../src/instruments/alicat/frame.ts';
import { readingScanner } from '../../src/instruments/sartorius/codec.ts';
import { readScanner } from '../../src/instruments/watlow/codec.ts';
import { encodeFrame } from '../../src/instruments/watlow/frame.ts';
import { decodeValue, encodeValue } from '../../src/instruments/watlow/value.ts';

/** 100,000 cases in all; a failing property prints its seed and path. */
const RUNS = { numRuns: 10_000 };
const latin = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

const LAYOUT = standardLayout('A +1 +1 +1 +1 +1 N2');
if (LAYOUT === null) throw new Error('the standard layout is known');
const alicat = frameScanner('A', 'A', LAYOUT);
const watlow = readScanner(1, { id: 4001, instance: 1 });

function pvReply(value: number): Uint8Array {
  const payload = Uint8Array.of(2, 3, 1, 4, 1, 1, ...encodeValue({ type: 'float', value }));
  return encodeFrame({ type: 6, destination: 0, source: 0x10, payload });
}
const aliFrame = (values: readonly number[]) =>
  latin(
    `A ${values.map((value) => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(2).padStart(6, '0')}`).join(' ')}     N2\r`,
  );

/** Scanner, a good reply, what its value must be. */
const replies = fc.oneof(
  fc.float({ noNaN: true }).map((value) => ({
    name: 'watlow' as const,
    scan: watlow as Scanner<unknown>,
    bytes: pvReply(value),
  })),
  fc.array(fc.integer({ min: -99_999, max: 99_999 }), { minLength: 5, maxLength: 5 }).map((hundredths) => ({
    name: 'alicat' as const,
    scan: alicat as Scanner<unknown>,
    bytes: aliFrame(hundredths.map((n) => n / 100)),
  })),
  fc.integer({ min: -999_999, max: 999_999 }).map((milligrams) => ({
    name: 'sartorius' as const,
    scan: readingScanner as Scanner<unknown>,
    bytes: latin(
      `N     ${milligrams < 0 ? '-' : '+'}${(Math.abs(milligrams) / 1000).toFixed(3).padStart(9)} g  \r\n`,
    ),
  })),
);

function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.slice(from, places[index] ?? bytes.length));
}
const joined = (...parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

describe('replies, however they are cut', () => {
  it('split anywhere, or glued to another: the same reading', () => {
    fc.assert(
      fc.property(
        replies,
        fc.array(fc.nat(200), { maxLength: 6 }),
        fc.boolean(),
        ({ scan, bytes }, cuts, glued) => {
          const whole = settle(scan, [bytes]);
          expect(whole.verdict.type).toBe('frame');
          const cut = settle(scan, pieces(glued ? joined(bytes, bytes) : bytes, cuts));
          expect(cut.verdict).toEqual(whole.verdict);
        },
      ),
      RUNS,
    );
  });

  it('byte by byte and all at once settle the same, whatever the bytes', () => {
    const scans = [watlow, alicat, readingScanner] as readonly Scanner<unknown>[];
    fc.assert(
      fc.property(fc.nat(2), fc.uint8Array({ maxLength: 40 }), replies, (which, noise, { bytes }) => {
        const scan = scans[which] ?? watlow;
        const input = joined(noise, bytes);
        const whole = settle(scan, [input]);
        const single = settle(
          scan,
          Array.from(input, (byte) => Uint8Array.of(byte)),
        );
        expect(single.verdict).toEqual(whole.verdict);
      }),
      RUNS,
    );
  });
});

describe('Watlow: what the checksums are for', () => {
  it('up to three flipped bits never give a value that was not sent', () => {
    const flips = fc.uniqueArray(fc.nat(8 * 21 - 1), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.float({ noNaN: true }), flips, (value, bits) => {
        const bytes = pvReply(value);
        for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(settle(watlow, [bytes]).verdict.type).not.toBe('frame');
      }),
      { numRuns: 30_000 },
    );
  });

  it('garbage before, or a cut reply before a whole one: a value that was sent, or none', () => {
    fc.assert(
      fc.property(
        fc.float({ noNaN: true }),
        fc.uint8Array({ maxLength: 30 }),
        fc.nat(20),
        (value, noise, cut) => {
          const good = pvReply(value);
          for (const before of [noise, pvReply(-value).slice(0, cut)]) {
            const { verdict } = settle(watlow, [joined(before, good)]);
            // A reply that lacks only bytes equal to those that follow is whole: its value was sent as well.
            if (verdict.type === 'frame') expect([value, -value]).toContain(verdict.value.value);
          }
        },
      ),
      RUNS,
    );
  });

  it('any payload in a good frame is a value of the right attribute or a refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (payload) => {
        const { verdict } = settle(watlow, [encodeFrame({ type: 6, destination: 0, source: 0x10, payload })]);
        expect(['frame', 'bad']).toContain(verdict.type);
        if (verdict.type === 'frame') expect([...payload.slice(0, 6)]).toEqual([2, 3, 1, 4, 1, 1]);
        expect(() => decodeValue(payload)).not.toThrow();
      }),
      RUNS,
    );
  });
});

describe('text protocols: damaged lines', () => {
  it('a flipped bit changes a digit, or the line is refused; it never shifts a field', () => {
    const hundredths = fc.array(fc.integer({ min: -99_999, max: 99_999 }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(hundredths, fc.nat(8 * 48), (numbers, bit) => {
        const bytes = aliFrame(numbers.map((n) => n / 100));
        const at = (bit >> 3) % bytes.length;
        const was = String.fromCharCode(bytes[at] ?? 0);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
        const { verdict } = settle(alicat, [bytes]);
        if (verdict.type !== 'frame') return;
        const values = [...verdict.value.values.values()].slice(0, 5);
        const changed = values.filter((value, index) => value !== (numbers[index] ?? 0) / 100 + 0);
        expect(changed.length).toBeLessThanOrEqual(1);
        if (changed.length === 1) expect(was).toMatch(/[0-9+-]/);
      }),
      RUNS,
    );
  });

  it('random bytes and random text never throw, in any scanner or parser', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string({ maxLength: 200, unit: 'binary-ascii' }).map(latin),
      fc
        .array(
          fc.constantFrom('A', ' ', '+', '-', '.', '1', '?', 'N2', 'D00', 'ID_', '\r', '\n', '--', 'g'),
          { maxLength: 60 },
        )
        .map((parts) => latin(parts.join(''))),
    );
    fc.assert(
      fc.property(anything, (bytes) => {
        const table = tableScan('A??D*', 'A', (row) => row.endsWith('LCK'));
        for (const scan of [
          watlow,
          alicat,
          readingScanner,
          textScanner('AVE', 'A'),
          table.scan,
        ] as readonly Scanner<unknown>[]) {
          settle(scan, [bytes]);
        }
        const text = String.fromCharCode(...bytes);
        looksStreaming(bytes);
        const layout = layoutFromTable([...table.lines(), ...text.split('\r')]);
        if (layout !== null) readFrame(text, layout);
        standardLayout(text);
      }),
      { numRuns: 20_000 },
    );
  });
});
