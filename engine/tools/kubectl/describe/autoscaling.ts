import { formatLabelSelector } from "../../../api/columns.ts";
import type { KubeObject } from "../../../api/types.ts";
import type { Gen } from "../../../kernel/index.ts";
import { quote } from "../go.ts";
import { type Document, dateText } from "./document.ts";
import { eventsOf, writeEvents } from "./events.ts";

// biome-ignore lint/suspicious/noExplicitAny: fields as the API has them
type Any = any;

/** describe horizontalpodautoscaler (autoscaling/v2, whichever version was asked for). */
export function* describeHorizontalPodAutoscaler(d: Document, given: KubeObject): Gen {
  const { name, namespace } = given.metadata;
  const path = `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers/${name}`;
  const object = given.apiVersion === "autoscaling/v2" ? given : yield* d.k.object("GET", path);
  const { metadata, spec, status = {} } = object;
  const events = yield* eventsOf(d, object);
  d.head(metadata);
  d.line(0, `CreationTimestamp:\t${dateText(metadata.creationTimestamp)}`);
  d.line(0, `Reference:\t${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`);
  d.line(0, "Metrics:\t( current / target )");
  ((spec.metrics ?? []) as Any[]).forEach((metric, i) => {
    writeMetric(d, metric, status.currentMetrics?.[i]);
  });
  d.line(0, `Min replicas:\t${spec.minReplicas ?? "<unset>"}`);
  d.line(0, `Max replicas:\t${spec.maxReplicas}`);
  if (spec.behavior) {
    d.line(0, "Behavior:");
    writeBehavior(d, "Scale Up", spec.behavior.scaleUp);
    writeBehavior(d, "Scale Down", spec.behavior.scaleDown);
  }
  d.line(
    0,
    `${spec.scaleTargetRef.kind} pods:\t${status.currentReplicas ?? 0} current / ${status.desiredReplicas ?? 0} desired`,
  );
  if (status.conditions?.length > 0) {
    d.line(0, "Conditions:");
    d.line(1, "Type\tStatus\tReason\tMessage");
    d.line(1, "----\t------\t------\t-------");
    for (const c of status.conditions) d.line(1, `${c.type}\t${c.status}\t${c.reason ?? ""}\t${c.message ?? ""}`);
  }
  writeEvents(d, events);
}

function writeMetric(d: Document, metric: Any, found: Any): void {
  const unknown = "<unknown>";
  switch (metric.type) {
    case "External": {
      const { metric: about, target } = metric.external;
      const current = found?.external?.current;
      if (target.averageValue !== undefined) {
        const now = current?.averageValue ?? unknown;
        d.line(1, `${quote(about.name)} (target average value):\t${now} / ${target.averageValue}`);
      } else d.line(1, `${quote(about.name)} (target value):\t${current?.value ?? unknown} / ${target.value}`);
      return;
    }
    case "Pods": {
      const { metric: about, target } = metric.pods;
      const now = found?.pods?.current?.averageValue ?? unknown;
      d.line(1, `${quote(about.name)} on pods:\t${now} / ${target.averageValue}`);
      return;
    }
    case "Object": {
      const { metric: about, describedObject, target } = metric.object;
      d.write(1, `"${about.name}" on ${describedObject.kind}/${describedObject.name} `);
      const current = found?.object?.current;
      if (target.type === "AverageValue") {
        d.line(0, `(target average value):\t${current?.averageValue ?? unknown} / ${target.averageValue}`);
      } else d.line(0, `(target value):\t${current?.value ?? unknown} / ${target.value}`);
      return;
    }
    case "Resource":
    case "ContainerResource": {
      const field = metric.type === "Resource" ? "resource" : "containerResource";
      const { name, target, container } = metric[field];
      d.write(1, `resource ${name}${container ? ` of container "${container}"` : ""} on pods`);
      const current = found?.[field]?.current;
      if (target.averageValue !== undefined) {
        d.line(0, `:\t${current?.averageValue ?? unknown} / ${target.averageValue}`);
        return;
      }
      const now =
        current?.averageUtilization === undefined
          ? unknown
          : `${current.averageUtilization}% (${current.averageValue ?? "0"})`;
      const wanted = target.averageUtilization === undefined ? "<auto>" : `${target.averageUtilization}%`;
      d.line(1, `(as a percentage of request):\t${now} / ${wanted}`);
      return;
    }
    default:
      d.line(1, `<unknown metric type ${quote(metric.type)}>`);
  }
}

function writeBehavior(d: Document, direction: string, rules: Any): void {
  if (!rules) return;
  d.line(1, `${direction}:`);
  if (rules.stabilizationWindowSeconds !== undefined) {
    d.line(2, `Stabilization Window: ${rules.stabilizationWindowSeconds} seconds`);
  }
  if (!rules.policies?.length) return;
  d.line(2, `Select Policy: ${rules.selectPolicy ?? "Max"}`);
  d.line(2, "Policies:");
  for (const p of rules.policies) d.line(3, `- Type: ${p.type}\tValue: ${p.value}\tPeriod: ${p.periodSeconds} seconds`);
}

/** describe poddisruptionbudget. */
export function* describePodDisruptionBudget(d: Document, object: KubeObject): Gen {
  const { metadata, spec, status = {} } = object;
  const events = yield* eventsOf(d, object);
  d.line(0, `Name:\t${metadata.name}`);
  d.line(0, `Namespace:\t${metadata.namespace}`);
  if (spec.minAvailable !== undefined) d.line(0, `Min available:\t${spec.minAvailable}`);
  else if (spec.maxUnavailable !== undefined) d.line(0, `Max unavailable:\t${spec.maxUnavailable}`);
  d.line(0, `Selector:\t${spec.selector ? formatLabelSelector(spec.selector) : "<unset>"}`);
  d.line(0, "Status:");
  d.line(2, `Allowed disruptions:\t${status.disruptionsAllowed ?? 0}`);
  d.line(2, `Current:\t${status.currentHealthy ?? 0}`);
  d.line(2, `Desired:\t${status.desiredHealthy ?? 0}`);
  d.line(2, `Total:\t${status.expectedPods ?? 0}`);
  writeEvents(d, events);
}
