/** Numbers, ages and sizes in the words people read. Pure. */

/** `HH:MM:SS`; hours grow past 99. */
export function clockText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const pad = (n: number) => String(n).padStart(2, '0');
  return `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
}

/** Numerics as `spec/capa.md` §8: 3 decimals from 0.01, 2 from 100, scientific outside. */
export function valueText(value: number): string {
  if (!Number.isFinite(value)) return '—';
  const size = Math.abs(value);
  if (value === 0) return '0.000';
  if (size < 0.01 || size >= 1e6) return value.toExponential(2);
  return value.toFixed(size >= 100 ? 2 : 3);
}

/** Age of a value: `20 ms`, `0.2 s`, `14 s`, `3 min`. */
export function ageText(ms: number): string {
  const age = Math.max(0, ms);
  if (age < 95) return `${Math.round(age)} ms`;
  if (age < 9_950) return `${(age / 1000).toFixed(1)} s`;
  if (age < 120_000) return `${Math.floor(age / 1000)} s`;
  return `${Math.floor(age / 60_000)} min`;
}

/** A span to the second, rounded down as the clock does: `45 s`, `10 min`, `16 min 40 s`, `1 h 05 min`. */
export function spanText(seconds: number): string {
  if (seconds > 0 && seconds < 1) return `${Math.floor(seconds * 10) / 10} s`;
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 120) return `${whole} s`;
  const rest = whole % 60 === 0 ? '' : ` ${whole % 60} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min${rest}`
    : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min${rest}`;
}

/** Time still to wait, rounded up: nobody is told 0 s while there is some left. */
export function waitText(seconds: number): string {
  return spanText(Math.ceil(seconds));
}

/** Decimal multiples, as `ls -h --si` and disk vendors count. */
export function bytesText(bytes: number): string {
  const names = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (size >= 999.5 && unit < names.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 ? size : size.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0)} ${names[unit]}`;
}

/** Tick of a time axis in seconds since run zero: `-0:30`, `4:05`, `1:02:00`. */
export function axisTimeText(seconds: number): string {
  const sign = seconds < 0 ? '-' : '';
  const tenths = Math.round(Math.abs(seconds) * 10);
  const whole = Math.floor(tenths / 10);
  const fraction = tenths % 10 === 0 ? '' : `.${tenths % 10}`;
  const pad = (n: number) => String(n).padStart(2, '0');
  const h = Math.floor(whole / 3600);
  const m = Math.floor(whole / 60) % 60;
  return `${sign}${h > 0 ? `${h}:${pad(m)}` : m}:${pad(whole % 60)}${fraction}`;
}

/** `2026-05-06 12:00:00 UTC` of an ISO stamp; the stamp itself when it is not one. */
export function utcText(iso: string): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)/.exec(iso);
  return match ? `${match[1]} ${match[2]} UTC` : iso;
}
