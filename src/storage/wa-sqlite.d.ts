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
