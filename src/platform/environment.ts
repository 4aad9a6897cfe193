import type { Environment } from './conductor-connection.ts';

interface BuildFacts {
  readonly version: string;
  readonly hash: string;
  readonly gitSha: string;
  readonly gitDirty: boolean;
  readonly builtUtc: string;
}

interface BrandedNavigator extends Navigator {
  readonly userAgentData?: {
    readonly brands: readonly { readonly brand: string; readonly version: string }[];
    readonly platform: string;
    readonly mobile: boolean;
  };
  readonly deviceMemory?: number;
}

/** `env/build.json`: what made a run, as far as a browser knows: the build, the browser, the platform. */
export function readEnvironment(build: BuildFacts, navigator: BrandedNavigator): Environment {
  const data = navigator.userAgentData;
  return {
    version: build.version,
    build_hash: build.hash,
    git_sha: build.gitSha,
    git_dirty: build.gitDirty,
    build_time: build.builtUtc,
    browser: {
      user_agent: navigator.userAgent,
      brands: (data?.brands ?? []).map(({ brand, version }) => `${brand} ${version}`),
      platform: data?.platform ?? navigator.platform,
      mobile: data?.mobile ?? null,
    },
    hardware: { cores: navigator.hardwareConcurrency, memory_gib: navigator.deviceMemory ?? null },
  };
}
