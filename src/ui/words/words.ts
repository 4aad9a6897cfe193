import { en } from './en.ts';

type Widen<T> = T extends string
  ? string
  : T extends (...args: infer A) => string
    ? (...args: A) => string
    : { readonly [K in keyof T]: Widen<T[K]> };

/** Shape of a language: the same keys, other words. */
export type Words = Widen<typeof en>;

/** The language in use. */
export const words: Words = en;
