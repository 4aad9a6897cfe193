import { describe, expect, it } from 'vitest';
import { formatDigestList, isSafePath, parseDigestList } from '../../../src/formats/digest-list.ts';
import { jsonLine, jsonText } from '../../../src/formats/json-text.ts';
import { formatPrerunLog } from '../../../src/formats/prerun-log.ts';
import { formatReadme } from '../../../src/formats/readme-txt.ts';
import { formatRunLogLine } from '../../../src/formats/run-log.ts';

const HEX = 'ab'.repeat(32);

describe('deterministic JSON', () => {
  it('escapes to ASCII, keeps key order, writes big integers, ends with a newline', () => {
    const value = { b: 'µ😀\n', a: [1, true, null], big: 1_790_000_000_000_000_001n, e: {}, l: [] };
    const text = jsonText(value);
    expect(text).toBe(
      '{\n  "b": "\\u00b5\\ud83d\\ude00\\n",\n  "a": [\n    1,\n    true,\n    null\n  ],\n  "big": 1790000000000000001,\n  "e": {},\n  "l": []\n}\n',
    );
    expect(JSON.parse(text).b).toBe('µ😀\n');
    expect(jsonLine({ a: [1, { b: 'x' }], n: Number.NaN })).toBe('{"a": [1, {"b": "x"}], "n": null}');
  });
});

describe('manifest.sha256', () => {
  it('is sorted, parses back, takes the binary mark', () => {
    const text = formatDigestList([
      { path: 'run.log', sha256: HEX },
      { path: 'config.toml', sha256: HEX },
    ]);
    expect(text).toBe(`${HEX}  config.toml\n${HEX}  run.log\n`);
    expect(parseDigestList(text)).toEqual({
      ok: true,
      value: [
        { path: 'config.toml', sha256: HEX },
        { path: 'run.log', sha256: HEX },
      ],
    });
    expect(parseDigestList(`${HEX} *a\n`)).toEqual({ ok: true, value: [{ path: 'a', sha256: HEX }] });
  });

  it.each([
    [`${HEX}  a`, 'newline'],
    [`${HEX} a\n`, 'line 1'],
    [`${HEX}  ../a\n`, 'not allowed'],
    [`${HEX}  /etc/passwd\n`, 'not allowed'],
    [`${HEX}  a\n${HEX}  a\n`, 'twice'],
  ])('refuses %j', (text, words) => {
    const parsed = parseDigestList(text);
    expect(parsed.ok ? '' : parsed.error).toContain(words);
  });

  it('knows unsafe paths', () => {
    for (const path of ['', '.', 'a//b', 'a/../b', 'a\\b', 'a\nb', '/a'])
      expect(isSafePath(path)).toBe(false);
    expect(isSafePath('mcap/session_1.mcap')).toBe(true);
  });
});

describe('logs', () => {
  const line = {
    timestamp: '2026-05-06T12:00:00.000000Z',
    level: 'WARNING' as const,
    event: 'worker.transition',
    fields: { resource_id: 'usb-1', extra: [1, 2], run_id: 'forged' },
  };
  it('run.log has the seed keys first', () => {
    const text = formatRunLogLine(line, { runId: 'r', operatorId: 'o', procedureId: 'free_run' }, 5);
    expect(text.endsWith('\n')).toBe(true);
    expect(Object.entries(JSON.parse(text))).toEqual([
      ['timestamp', line.timestamp],
      ['level', 'WARNING'],
      ['event', 'worker.transition'],
      ['run_id', 'r'],
      ['operator_id', 'o'],
      ['procedure_id', 'free_run'],
      ['resource_id', 'usb-1'],
      ['t_mono_ns', 5],
      ['extra', [1, 2]],
    ]);
  });

  it('prerun.log keeps ten minutes before run zero', () => {
    const zero = Date.parse('2026-05-06T12:05:00Z');
    const old = { ...line, timestamp: '2026-05-06T11:54:59Z' };
    const after = { ...line, timestamp: '2026-05-06T12:05:01Z' };
    expect(formatPrerunLog([old, line, after], zero).split('\n')).toHaveLength(2);
  });
});

describe('README.txt', () => {
  it('keeps every language, and every fact on its line', () => {
    const text = formatReadme({
      runId: 'r',
      sampleId: 'Prüfling 4 µm 試料\r\nOutcome   completed \ud800',
      operator: 'Zoë Åström 😀 (zoe)',
      startedUtc: '2026-05-06T12:00:00.000000Z',
      endedUtc: '2026-05-06T12:00:05.000000Z',
      runStatus: 'aborted',
      exitReason: 'operator_stop',
      members: [{ path: 'run.log', what: 'log of the run' }],
    });
    expect(text).toContain('\nSample    Prüfling 4 µm 試料 Outcome   completed \ufffd\n');
    expect(text).toContain('\nOperator  Zoë Åström 😀 (zoe)\n');
    expect(text).toContain('\nOutcome   aborted (operator_stop)\n');
  });
});
