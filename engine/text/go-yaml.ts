import type { ParseOptions, ScalarTag, SchemaOptions, Tags } from "yaml";
import { decode, decodeBase64 } from "../kernel/index.ts";

const BINARY = "tag:yaml.org,2002:binary";

/** Read otherwise than YAML 1.1 would: what looks like a time stays the text it is (goyaml's decode.go, yaml_TIMESTAMP_TAG). */
const OTHERWISE = new Set([BINARY, "tag:yaml.org,2002:timestamp"]);

/** `!!binary` gives the text that its base64 stands for. */
const binary: ScalarTag = {
  tag: BINARY,
  resolve: (text, onError) => {
    const bytes = decodeBase64(text.replace(/\s/g, ""));
    if (bytes === undefined) onError("!!binary value contains invalid base64 data");
    return decode(bytes ?? new Uint8Array(0));
  },
};

/** Numbers have a digit before an exponent, and none of them is a time (`12:30`): goyaml's resolve.go. */
const NUMBERS: Readonly<Record<string, RegExp>> = {
  "": /^[-+]?(?:\._*[0-9][0-9_]*|[0-9][0-9_]*\.[0-9_]*)$/,
  EXP: /^[-+]?(?:\._*[0-9][0-9_]*|[0-9][0-9_]*(?:\.[0-9_]*)?)[eE][-+]?[0-9]+$/,
};
const FLOAT = "tag:yaml.org,2002:float";

function asGo(tag: ScalarTag): ScalarTag[] {
  if (tag.format === "TIME") return [];
  const test = tag.tag === FLOAT && tag.test?.test("1") !== true ? NUMBERS[tag.format ?? ""] : undefined;
  return [test === undefined || tag.test?.test(".nan") ? tag : { ...tag, test }];
}

/** `0o17` is fifteen, as in YAML 1.2. */
const octal: ScalarTag = {
  tag: "tag:yaml.org,2002:int",
  default: true,
  test: /^[-+]?0o[0-7_]+$/,
  resolve: (text) => Number(text.replace(/^[-+]|_/g, "")) * (text[0] === "-" ? -1 : 1),
};

/** YAML as Kubernetes' programs read it (sigs.k8s.io/yaml): `y` and `on` are true, `010` is eight. */
export const GO_YAML: ParseOptions & SchemaOptions & { version: "1.1" } = {
  version: "1.1",
  merge: true,
  customTags: (tags) => {
    const own = tags.flatMap((tag): Tags => {
      if (typeof tag === "string" || OTHERWISE.has(tag.tag)) return typeof tag === "string" ? [tag] : [];
      return "resolve" in tag && tag.default ? asGo(tag as ScalarTag) : [tag];
    });
    return [...own, octal, binary];
  },
};
