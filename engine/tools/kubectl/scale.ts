import { resourcePath } from "../../api/client.ts";
import { type Gen, SECOND, sleep } from "../../kernel/index.ts";
import { changeCause, changeQuery, dryRun, resultPrinter } from "./changes.ts";
import { aggregateText, KubectlError, throwAll } from "./errors.ts";
import type { Invocation } from "./invocation.ts";
import { requireFlags } from "./required.ts";
import { build, fileFlags, type Info } from "./resources.ts";

/** kubectl scale. */
export function* scale(k: Invocation): Gen<number> {
  const { flags } = k;
  requireFlags(k, ["replicas"]);
  const strategy = dryRun(k);
  const print = resultPrinter(k, strategy);
  const replicas = flags.int("replicas");
  if (replicas < 0) {
    throw new KubectlError("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0");
  }
  if (flags.int("current-replicas") < -1) {
    throw new KubectlError("The --current-replicas must specify an integer of -1 or greater");
  }
  const result = yield* build(k, {
    args: k.args,
    ...fileFlags(k),
    labelSelector: flags.string("selector"),
    allowEmptySelector: flags.bool("all"),
    continueOnError: true,
    flatten: true,
  });
  if (flags.string("resource-version") !== "" && result.infos.length > 1) {
    throw new KubectlError("cannot use --resource-version with multiple resources");
  }
  if (result.infos.length === 0) {
    const why = result.errors.length > 0 ? ` ${aggregateText(result.errors)}` : "";
    throw new KubectlError(`no objects passed to scale${why}`);
  }
  for (const info of result.infos) {
    if (strategy !== "client") yield* scaleOne(k, info, replicas, strategy === "server");
    const annotations = changeCause(k);
    if (annotations && strategy === "none") {
      yield* k.patch(resourcePath(info.mapping, info.namespace, info.name), { metadata: { annotations } }, "merge");
    }
    print(info.object!, "scaled");
  }
  throwAll(result.errors);
  return 0;
}

function* scaleOne(k: Invocation, info: Info, replicas: number, server: boolean): Gen {
  const { flags } = k;
  const { mapping, namespace, name } = info;
  const path = resourcePath(mapping, namespace, name, "scale");
  const query = changeQuery({ dryRun: server ? "server" : "none" });
  const expected = flags.int("current-replicas");
  const version = flags.string("resource-version");
  if (expected !== -1 || version !== "") {
    const current = yield* k.object("GET", path);
    const actual = current.spec?.replicas ?? 0;
    if (expected !== -1 && actual !== expected)
      throw new KubectlError(`Expected replicas to be ${expected}, was ${actual}`);
    if (version !== "" && current.metadata.resourceVersion !== version) {
      throw new KubectlError(`Expected resource version to be ${version}, was ${current.metadata.resourceVersion}`);
    }
    yield* k.object("PUT", path + query, { ...current, spec: { ...current.spec, replicas } });
  } else yield* k.patch(path + query, { spec: { replicas } }, "merge");
  const timeout = flags.duration("timeout");
  if (timeout === 0 || server) return;
  const deadline = k.p.machine.kernel.now + timeout;
  for (;;) {
    const current = yield* k.object("GET", path);
    if ((current.status?.replicas ?? 0) === (current.spec?.replicas ?? 0)) return;
    if (k.p.machine.kernel.now >= deadline) throw new KubectlError("timed out waiting for the condition");
    yield* sleep(SECOND);
  }
}
