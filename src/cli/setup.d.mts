export function findBrowser(): string | null;
export function ensureBrowser(): string;
export function packagesAreCurrent(root?: string): boolean;
export function ensurePackages(): void;
export function ensureTestTools(): void;
export function setup(options?: { browser?: boolean; forTests?: boolean }): void;
