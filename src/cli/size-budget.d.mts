export const CRITICAL_JS_MAX_BYTES: number;
export function criticalScripts(dist?: string): { readonly path: string; readonly bytes: number }[];
