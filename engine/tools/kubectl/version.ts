import { buildInfo } from "../../api/build-info.ts";
import type { Gen } from "../../kernel/index.ts";
import { releaseOf } from "../../machine/release.ts";
import { toYaml } from "../../text/yaml.ts";
import { isExpected, KubectlError } from "./errors.ts";
import { structJson } from "./go.ts";
import type { Invocation } from "./invocation.ts";

const CLIENT = {
  major: "1",
  minor: "32",
  gitVersion: "v1.32.3",
  gitCommit: "32cc146f75aad04beaaa245a7157eb35063a9f99",
  gitTreeState: "clean",
  buildDate: "2025-06-27T12:52:04Z",
  goVersion: "go1.24.4",
  compiler: "gc",
  platform: "linux/amd64",
};
const KUSTOMIZE = "v5.5.0";
const FIELDS = [
  "major",
  "minor",
  "gitVersion",
  "gitCommit",
  "gitTreeState",
  "buildDate",
  "goVersion",
  "compiler",
  "platform",
];

/** kubectl version. */
export function* version(k: Invocation): Gen<number> {
  if (k.args.length > 0 && !k.flags.bool("client")) throw new KubectlError(`extra arguments: [${k.args.join(" ")}]`);
  const output = k.flags.string("output");
  if (output !== "" && output !== "yaml" && output !== "json")
    throw new KubectlError(`--output must be 'yaml' or 'json'`);
  if (!k.flags.bool("client")) yield* k.connect();
  let server: Record<string, string> | undefined;
  let failed: Error | undefined;
  if (!k.flags.bool("client")) {
    try {
      server = (yield* k.object("GET", "/version?timeout=32s")) as unknown as Record<string, string>;
    } catch (error) {
      if (!isExpected(error)) throw error;
      failed = error;
    }
  }
  const release = releaseOf(k.p);
  // The terminal's is Debian's build of the release that the cluster has; others are the project's own.
  const client = release === CLIENT.gitVersion ? CLIENT : buildInfo(release);
  if (output === "") {
    k.out(`Client Version: ${client.gitVersion}\nKustomize Version: ${KUSTOMIZE}\n`);
    if (server) k.out(`Server Version: ${server["gitVersion"]}\n`);
  } else {
    const all: Record<string, unknown> = { clientVersion: client, kustomizeVersion: KUSTOMIZE };
    if (server) all["serverVersion"] = Object.fromEntries(FIELDS.map((field) => [field, server[field]]));
    k.out(output === "yaml" ? `${toYaml(all)}\n` : `${structJson(all, "  ")}\n`);
  }
  if (failed) throw failed;
  return 0;
}
