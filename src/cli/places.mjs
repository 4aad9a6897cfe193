/** Where things are, and the one port. Plain Node: this runs before anything is installed. */
import { resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');
export const DIST = resolve(ROOT, 'dist');
export const CACHE = resolve(ROOT, '.cache');

/** OPFS, serial grants and policies belong to an origin with its port, so there is one. */
export const PORT = Number(process.env['BENCHSEAL_PORT'] ?? 4791);
export const ORIGIN = `http://localhost:${PORT}`;
