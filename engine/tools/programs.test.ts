import { expect, it } from "vitest";
import { controlPlanePrograms } from "../control-plane/index.ts";
import { imagePrograms } from "../images/programs.ts";
import { systemPrograms } from "./system/index.ts";
import { textPrograms } from "./text/index.ts";

it("gives every name to one program only", () => {
  const names = [systemPrograms, textPrograms, imagePrograms, controlPlanePrograms].flatMap(Object.keys);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});
