/** The functions of docker's templates beside Go's own (docker/cli templates). */
import { structJson } from "../../kubectl/go.ts";
import { functions, type GoFunction } from "../../kubectl/template/functions.ts";
import { type GoValue, unboxed } from "../../kubectl/template/values.ts";

const text = (turn: (text: string) => string): GoFunction => ({
  parameters: ["string"],
  call: (value) => turn(String(unboxed(value))),
});

const plain = (value: GoValue): unknown => unboxed(value);

export const DOCKER_FUNCTIONS: ReadonlyMap<string, GoFunction> = new Map<string, GoFunction>([
  ...functions,
  ["json", { parameters: ["any"], call: (value) => structJson(plain(value), "", false) }],
  ["lower", text((one) => one.toLowerCase())],
  ["upper", text((one) => one.toUpperCase())],
  ["title", text((one) => one.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()))],
  ["split", { parameters: ["string", "string"], call: (one, by) => String(unboxed(one)).split(String(unboxed(by))) }],
  ["join", { parameters: ["any", "string"], call: (list, by) => (plain(list) as string[]).join(String(unboxed(by))) }],
]);
