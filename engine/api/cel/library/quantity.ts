import type { Environment } from "@marcbachmann/cel-js";
import { addQuantities, compareQuantities, parseQuantity, type Quantity, subtractQuantities } from "../../quantity.ts";
import { CelError } from "../error.ts";

/** Quantities (apiserver pkg/cel/library/quantity.go). */
class CelQuantity {
  readonly value: Quantity;

  constructor(value: Quantity) {
    this.value = value;
  }
}

const NANO = 1_000_000_000n;
const TYPE = "kubernetes.Quantity";

const whole = (units: bigint): Quantity => ({ nano: units * NANO, format: "DecimalSI" });

function integer({ value: { nano } }: CelQuantity): bigint {
  if (nano % NANO !== 0n) throw new CelError("cannot convert value to integer", "quantity");
  return nano / NANO;
}

function quantityOf(text: string): CelQuantity {
  const value = parseQuantity(text);
  if ("error" in value) throw new CelError(value.error, "quantity");
  return new CelQuantity(value);
}

export function registerQuantity(env: Environment): void {
  const compare = (a: CelQuantity, b: CelQuantity) => compareQuantities(a.value, b.value);
  env
    .registerType(TYPE, CelQuantity)
    .registerFunction("isQuantity(string): bool", (text: string) => !("error" in parseQuantity(text)))
    .registerFunction(`quantity(string): ${TYPE}`, quantityOf)
    .registerFunction(`sign(${TYPE}): int`, ({ value: { nano } }: CelQuantity) =>
      nano > 0n ? 1n : nano < 0n ? -1n : 0n,
    )
    .registerFunction(`${TYPE}.isInteger(): bool`, ({ value: { nano } }: CelQuantity) => nano % NANO === 0n)
    .registerFunction(`${TYPE}.asInteger(): int`, integer)
    .registerFunction(`${TYPE}.asApproximateFloat(): double`, ({ value: { nano } }: CelQuantity) => Number(nano) / 1e9)
    .registerFunction(`${TYPE}.compareTo(${TYPE}): int`, (a: CelQuantity, b: CelQuantity) => BigInt(compare(a, b)))
    .registerFunction(`${TYPE}.isGreaterThan(${TYPE}): bool`, (a: CelQuantity, b: CelQuantity) => compare(a, b) > 0)
    .registerFunction(`${TYPE}.isLessThan(${TYPE}): bool`, (a: CelQuantity, b: CelQuantity) => compare(a, b) < 0)
    .registerOperator(`${TYPE} == ${TYPE}`, (a: CelQuantity, b: CelQuantity) => compare(a, b) === 0);
  for (const [name, work] of [
    ["add", addQuantities],
    ["sub", subtractQuantities],
  ] as const) {
    env
      .registerFunction(`${TYPE}.${name}(${TYPE}): ${TYPE}`, (a: CelQuantity, b: CelQuantity) => {
        return new CelQuantity(work(a.value, b.value));
      })
      .registerFunction(`${TYPE}.${name}(int): ${TYPE}`, (a: CelQuantity, units: bigint) => {
        return new CelQuantity(work(a.value, whole(units)));
      });
  }
}
