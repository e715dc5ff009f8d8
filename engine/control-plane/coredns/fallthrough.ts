import { type Directive, normal, within } from "./corefile.ts";

/** `fallthrough [ZONES…]`: whether a name that is not found goes on to the next plugin. */
export function fallsThrough(block: readonly Directive[]): (name: string) => boolean {
  const found = block.find(({ name }) => name === "fallthrough");
  if (found === undefined) return () => false;
  const zones = found.args.map(normal);
  return (name) => zones.length === 0 || zones.some((zone) => within(name, zone));
}

/** The number after a property, if it is there. */
export const numberOf = (block: readonly Directive[], key: string): number | undefined => {
  const value = block.find(({ name }) => name === key)?.args[0];
  return value === undefined ? undefined : Number(value);
};
