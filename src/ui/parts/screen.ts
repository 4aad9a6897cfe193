/** Where the operator is. One question per screen. */
export type Screen = 'run' | 'setup' | 'bundles';
