import * as v from 'valibot';
import { fail, ok, type Result } from '../record/problem.ts';

const text = v.string();
const planSchema = v.object({
  sampleId: text,
  operator: v.object({ id: text, displayName: text }),
  runUuid: text,
  zero: v.object({ hostMs: v.number(), utcMs: v.number() }),
  waiver: v.picklist(['none', 'arm-now', 'simulated']),
  session: v.optional(v.record(text, text), {}),
});

/** What was fixed when the run was opened, as the journal's `plan` metadata holds it (`RunPlan` of `wire/messages.ts`). */
export type StoredPlan = v.InferOutput<typeof planSchema>;

export function parsePlan(json: string): Result<StoredPlan, string> {
  let raw: unknown;
  try {
    raw = JSON.parse(json);
  } catch {
    return fail('the plan is not JSON');
  }
  const parsed = v.safeParse(planSchema, raw);
  if (parsed.success) return ok(parsed.output);
  const [issue] = parsed.issues;
  return fail(`the plan: ${v.getDotPath(issue) ?? ''} ${issue.message}`);
}

const maybe = v.optional(v.string());
const buildSchema = v.object({
  version: maybe,
  hash: maybe,
  build_hash: maybe,
  gitSha: maybe,
  git_sha: maybe,
  gitDirty: v.optional(v.boolean()),
  git_dirty: v.optional(v.boolean()),
  builtUtc: maybe,
  build_time: maybe,
  userAgent: maybe,
  user_agent: maybe,
  platform: maybe,
  brands: v.optional(v.array(v.string())),
  browser: v.optional(
    v.object({
      userAgent: maybe,
      user_agent: maybe,
      platform: maybe,
      brands: v.optional(v.array(v.string())),
    }),
  ),
});

export interface RanWith {
  readonly build: {
    readonly version: string;
    readonly buildHash: string;
    readonly gitSha: string;
    readonly gitDirty: boolean | null;
    readonly buildTime: string;
  };
  readonly browser: {
    readonly userAgent: string;
    readonly brands: readonly string[];
    readonly platform: string;
  };
}

/** `env/build.json` as the conductor wrote it; what it does not say stays empty. */
export function parseBuild(json: string | undefined): RanWith {
  let raw: unknown = {};
  try {
    raw = JSON.parse(json ?? '{}');
  } catch {
    raw = {};
  }
  const parsed = v.safeParse(buildSchema, raw);
  const build = parsed.success ? parsed.output : {};
  const browser = build.browser ?? build;
  return {
    build: {
      version: build.version ?? '',
      buildHash: build.build_hash ?? build.hash ?? '',
      gitSha: build.git_sha ?? build.gitSha ?? '',
      gitDirty: build.git_dirty ?? build.gitDirty ?? null,
      buildTime: build.build_time ?? build.builtUtc ?? '',
    },
    browser: {
      userAgent: browser.user_agent ?? browser.userAgent ?? '',
      brands: browser.brands ?? [],
      platform: browser.platform ?? '',
    },
  };
}
