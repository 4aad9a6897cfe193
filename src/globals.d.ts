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

/** What the package does not declare of what we use. */
declare module '@journeyapps/wa-sqlite/src/examples/AccessHandlePoolVFS.js' {
  export class AccessHandlePoolVFS {
    static create(directory: string, module: object): Promise<AccessHandlePoolVFS>;
    readonly name: string;
    getCapacity(): number;
    addCapacity(count: number): Promise<number>;
    jAccess(name: string, flags: number, out: DataView): number;
    jDelete(name: string, syncDirectory: number): number;
    close(): Promise<void>;
  }
}
