import { type Environment, Optional } from "@marcbachmann/cel-js";
import { formatAccepts } from "../../apiextensions/formats.ts";
import {
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  labelValue,
  maskTrailingDash,
  qualifiedName,
} from "../../validation/names.ts";
import { parseRequestUri } from "./url.ts";

/** What a text is wrong in; nothing, when it is right (apiserver pkg/cel/library/format.go). */
type Judge = (text: string) => readonly string[];

const known =
  (format: string, why: string): Judge =>
  (text) =>
    formatAccepts(format, text) ? [] : [why];
const prefix =
  (judge: Judge): Judge =>
  (text) =>
    judge(maskTrailingDash(text));

const FORMATS: Readonly<Record<string, Judge>> = {
  dns1123Label,
  dns1123Subdomain,
  dns1035Label,
  qualifiedName,
  labelValue,
  dns1123LabelPrefix: prefix(dns1123Label),
  dns1123SubdomainPrefix: prefix(dns1123Subdomain),
  dns1035LabelPrefix: prefix(dns1035Label),
  uri: (text) => {
    const url = parseRequestUri(text);
    return typeof url === "string" ? [url] : [];
  },
  uuid: known("uuid", "does not match the UUID format"),
  byte: known("byte", "invalid base64"),
  date: known("date", "invalid date"),
  datetime: known("datetime", "invalid datetime"),
};

class CelFormat {
  readonly judge: Judge;

  constructor(judge: Judge) {
    this.judge = judge;
  }
}

class FormatNamespace {}

export function registerFormat(env: Environment): void {
  env
    .registerType("kubernetes.NamedFormat", CelFormat)
    .registerType("FormatNamespace", FormatNamespace)
    .registerConstant("format", "FormatNamespace", new FormatNamespace())
    .registerFunction(
      "FormatNamespace.named(string): optional<kubernetes.NamedFormat>",
      (_: FormatNamespace, name: string) => {
        const judge = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
        return judge === undefined ? Optional.none() : Optional.of(new CelFormat(judge));
      },
    )
    .registerFunction("kubernetes.NamedFormat.validate(string): optional<list<string>>", validate);
  for (const [name, judge] of Object.entries(FORMATS))
    env.registerFunction(`FormatNamespace.${name}(): kubernetes.NamedFormat`, () => new CelFormat(judge));
}

function validate({ judge }: CelFormat, text: string): Optional {
  const found = judge(text);
  return found.length === 0 ? Optional.none() : Optional.of([...found]);
}
