/** kubectl's own help texts, which scripts/kubectl-texts.mjs asks of the kubectl that is installed where the engine is built. */
declare module "kubectl-texts" {
  interface Texts {
    /** What `kubectl options` begins with. */
    readonly head: string;
    readonly usages: readonly string[];
    /** By flag, in the order of the facts: places in `usages`. */
    readonly globals: readonly number[];
    /** `help`: with a NUL where the options stand. */
    readonly commands: Readonly<Record<string, { readonly help: string; readonly usages: readonly number[] }>>;
  }
  /** null: no kubectl was there to be asked. */
  const texts: Texts | null;
  export default texts;
}
