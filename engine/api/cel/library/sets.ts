import type { Environment } from "@marcbachmann/cel-js";

/** Lists as sets (cel-go ext/sets.go). */
class SetsNamespace {}

function has(list: readonly unknown[], value: unknown): boolean {
  return list.some((one) => one === value || JSON.stringify(one, plain) === JSON.stringify(value, plain));
}

const plain = (_key: string, value: unknown) => (typeof value === "bigint" ? Number(value) : value);

const contains = (list: readonly unknown[], part: readonly unknown[]) => part.every((one) => has(list, one));

export function registerSets(env: Environment): void {
  env
    .registerType("SetsNamespace", SetsNamespace)
    .registerConstant("sets", "SetsNamespace", new SetsNamespace())
    .registerFunction("SetsNamespace.contains(list, list): bool", (_: SetsNamespace, a: unknown[], b: unknown[]) => {
      return contains(a, b);
    })
    .registerFunction("SetsNamespace.equivalent(list, list): bool", (_: SetsNamespace, a: unknown[], b: unknown[]) => {
      return contains(a, b) && contains(b, a);
    })
    .registerFunction("SetsNamespace.intersects(list, list): bool", (_: SetsNamespace, a: unknown[], b: unknown[]) => {
      return a.some((one) => has(b, one));
    });
}
