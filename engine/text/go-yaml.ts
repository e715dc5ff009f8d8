import type { ParseOptions, ScalarTag, SchemaOptions } from "yaml";
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

/** YAML as Kubernetes' programs read it (sigs.k8s.io/yaml): `y` and `on` are true, `010` is eight. */
export const GO_YAML: ParseOptions & SchemaOptions & { version: "1.1" } = {
  version: "1.1",
  merge: true,
  customTags: (tags) => [...tags.filter((tag) => typeof tag === "string" || !OTHERWISE.has(tag.tag)), binary],
};
