import type { Json } from '../record/event.ts';
import type { Problem } from '../record/problem.ts';

export type ParamsResult =
  | { readonly ok: true; readonly params: Params }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Validated params, defaults filled. Every family has `rate_hz`; the rest is the family's own. */
export interface Params {
  readonly rate_hz: number;
  readonly [key: string]: Json;
}

/** One param of a family: its kind, its bounds (inclusive unless said) and what it is when absent. */
export type ParamRule =
  | {
      readonly kind: 'number';
      readonly default: number;
      readonly above?: number;
      readonly min?: number;
      readonly max: number;
    }
  | { readonly kind: 'int'; readonly default: number; readonly min: number; readonly max: number }
  | { readonly kind: 'choice'; readonly default: string | number; readonly of: readonly (string | number)[] }
  | { readonly kind: 'text'; readonly default: string; readonly pattern: RegExp; readonly expected: string }
  | { readonly kind: 'choices'; readonly default: readonly string[]; readonly of: readonly string[] }
  | {
      readonly kind: 'ints';
      readonly default: readonly number[];
      readonly min: number;
      readonly max: number;
      readonly countMax: number;
    };

export type ParamRules = { readonly rate_hz: ParamRule; readonly [name: string]: ParamRule };

/** Fills defaults and refuses what a family does not know, with path, expected and actual. */
export function readParams(
  rules: ParamRules,
  raw: { readonly [key: string]: unknown },
  path: string,
): ParamsResult {
  const problems: Problem[] = [];
  const known = Object.keys(rules);
  for (const key of Object.keys(raw)) {
    if (!Object.hasOwn(rules, key)) {
      problems.push(
        problem('schema.unknown', `${path}.${key}`, `unknown param "${key}"`, known.join(', '), key),
      );
    }
  }
  const params: { [key: string]: Json } = {};
  for (const [name, rule] of Object.entries(rules)) {
    const value = raw[name];
    if (value === undefined) {
      params[name] = rule.default;
      continue;
    }
    const expected = refusal(rule, value);
    if (expected === null) params[name] = value as Json;
    else {
      problems.push(
        problem(
          'schema.value',
          `${path}.${name}`,
          `param "${name}" is not usable`,
          expected,
          JSON.stringify(value) ?? 'nothing',
        ),
      );
    }
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, params: params as unknown as Params };
}

function problem(code: string, path: string, message: string, expected: string, actual: string): Problem {
  return { severity: 'error', code, path, message, expected, actual };
}

/** What was expected, or null when the value fits. */
function refusal(rule: ParamRule, value: unknown): string | null {
  switch (rule.kind) {
    case 'number': {
      const low = rule.above === undefined ? `at least ${rule.min ?? -rule.max}` : `above ${rule.above}`;
      const fits =
        typeof value === 'number' &&
        Number.isFinite(value) &&
        (rule.above === undefined ? value >= (rule.min ?? -rule.max) : value > rule.above) &&
        value <= rule.max;
      return fits ? null : `a number ${low} and at most ${rule.max}`;
    }
    case 'int':
      return isInt(value, rule.min, rule.max) ? null : `a whole number ${rule.min} to ${rule.max}`;
    case 'choice':
      return rule.of.some((choice) => choice === value) ? null : `one of ${rule.of.join(', ')}`;
    case 'text':
      return typeof value === 'string' && rule.pattern.test(value) ? null : rule.expected;
    case 'choices':
      return isList(value, rule.of.length) && value.every((item) => rule.of.some((choice) => choice === item))
        ? null
        : `a list without repeats of ${rule.of.join(', ')}`;
    case 'ints':
      return isList(value, rule.countMax) && value.every((item) => isInt(item, rule.min, rule.max))
        ? null
        : `a list of 1 to ${rule.countMax} different whole numbers, each ${rule.min} to ${rule.max}`;
  }
}

function isInt(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}

function isList(value: unknown, countMax: number): value is readonly unknown[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= countMax &&
    new Set(value).size === value.length
  );
}

/** Reads a validated param; a family asking for one it did not declare is a broken invariant. */
export function numberParam(params: Params, name: string): number {
  const value = params[name];
  if (typeof value !== 'number') throw new Error(`param ${name}: expected a number, got ${typeof value}`);
  return value;
}

export function textParam(params: Params, name: string): string {
  const value = params[name];
  if (typeof value !== 'string') throw new Error(`param ${name}: expected text, got ${typeof value}`);
  return value;
}
