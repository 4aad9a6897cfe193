export function sourceDigest(root?: string): string;
export function ensureBuilt(): void;
export function portUser(): Promise<'free' | 'benchseal' | 'other'>;
export function serve(): Promise<{
  readonly origin: string;
  readonly gone: Promise<unknown>;
  stop(): Promise<void>;
}>;
