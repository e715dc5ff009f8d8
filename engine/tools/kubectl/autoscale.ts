import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { createObject, createOrUpdateAnnotation, dryRun, latePrinter, typedPrinter } from "./changes.ts";
import { KubectlError } from "./errors.ts";
import type { Invocation } from "./invocation.ts";
import { localMapping } from "./resource-files.ts";
import { build, fileFlags, visit } from "./resources.ts";

/** kubectl autoscale. */
export function* autoscale(k: Invocation): Gen<number> {
  const { flags } = k;
  if (!flags.changed("max")) throw new KubectlError('required flag(s) "max" not set');
  const strategy = dryRun(k);
  const print = latePrinter(k, strategy, typedPrinter);
  const [min, max] = [flags.int("min"), flags.int("max")];
  if (max < 1) throw new KubectlError(`--max=MAXPODS is required and must be at least 1, max: ${max}`);
  if (max < min) {
    throw new KubectlError(`--max=MAXPODS must be larger or equal to --min=MINPODS, max: ${max}, min: ${min}`);
  }
  const result = yield* build(k, {
    args: k.args,
    ...fileFlags(k),
    continueOnError: true,
    flatten: true,
  });
  yield* visit(result, function* ({ mapping, name }) {
    if (!mapping.subresources.includes("scale")) {
      const resource = `${mapping.group === "" ? "/" : `${mapping.group}/`}${mapping.version}, Resource=${mapping.resource}`;
      throw new KubectlError(
        `cannot autoscale a ${mapping.kind}: could not find scale subresource for ${resource} in discovery information`,
      );
    }
    const target = mapping.group === "" ? mapping.version : `${mapping.group}/${mapping.version}`;
    let hpa = {
      kind: "HorizontalPodAutoscaler",
      apiVersion: "autoscaling/v1",
      metadata: { name: flags.string("name") || name, creationTimestamp: null },
      spec: {
        scaleTargetRef: { kind: mapping.kind, name, apiVersion: target },
        ...(min > 0 && { minReplicas: min }),
        maxReplicas: max,
        ...(flags.int("cpu-percent") >= 0 && { targetCPUUtilizationPercentage: flags.int("cpu-percent") }),
      },
      status: { currentReplicas: 0, desiredReplicas: 0 },
    } as unknown as KubeObject;
    if (strategy === "client") {
      print(hpa, "created");
      return;
    }
    hpa = createOrUpdateAnnotation(k, hpa);
    const kind = localMapping("autoscaling/v1", "HorizontalPodAutoscaler");
    const query = { dryRun: strategy, fieldManager: flags.string("field-manager") };
    print(yield* createObject(k, kind, k.namespace, hpa, query), "autoscaled");
  });
  if (result.infos.length === 0) throw new KubectlError("no objects passed to autoscale");
  return 0;
}
