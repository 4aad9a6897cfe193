/// <reference types="svelte" />

/** Identity of this build, put in by vite.config.ts. `hash` covers the sources that were built. */
declare const __BUILD__: {
  readonly version: string;
  readonly hash: string;
  readonly gitSha: string;
  readonly gitDirty: boolean;
  readonly builtUtc: string;
};

declare module '*.wasm?url' {
  const url: string;
  export default url;
}
declare module '*.toml?raw' {
  const text: string;
  export default text;
}
