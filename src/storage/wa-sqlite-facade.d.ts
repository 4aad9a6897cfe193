/** The package ships this class without types. Only what is overridden here. */
declare module '@journeyapps/wa-sqlite/src/FacadeVFS.js' {
  import * as VFS from '@journeyapps/wa-sqlite/src/VFS.js';
  export class FacadeVFS extends VFS.Base {
    jOpen(name: string | null, id: number, flags: number, outFlags: DataView): number;
    jClose(id: number): number;
    jRead(id: number, into: Uint8Array, at: number): number;
    jWrite(id: number, from: Uint8Array, at: number): number;
    jTruncate(id: number, size: number): number;
    jSync(id: number, flags: number): number;
    jFileSize(id: number, outSize: DataView): number;
    jDelete(name: string, syncDir: number): number;
    jAccess(name: string, flags: number, outResult: DataView): number;
  }
}
