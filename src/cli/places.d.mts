export const ROOT: string;
export const DIST: string;
export const CACHE: string;
export const PORT: number;
export const ORIGIN: string;
