/**
 * The manifests that the pages of kubernetes.io have their readers apply, by their paths below https://k8s.io/examples/:
 * the same objects, said anew, since what a page tells depends on their names, images and figures.
 */
import { writeYaml } from "../../machine/kubelet/yaml.ts";
import { applicationExamples } from "./applications.ts";
import { configuredExamples } from "./configured.ts";
import { podExamples } from "./pods.ts";
import { policyExamples } from "./policies.ts";
import { serviceExamples } from "./services.ts";
import { statefulExamples } from "./stateful.ts";
import { tutorialExamples } from "./tutorials.ts";
import type { Examples } from "./words.ts";
import { workloadExamples } from "./workloads.ts";

/** By path. */
export const EXAMPLES: Examples = {
  ...podExamples,
  ...configuredExamples,
  ...workloadExamples,
  ...serviceExamples,
  ...applicationExamples,
  ...policyExamples,
  ...statefulExamples,
  ...tutorialExamples,
};

/** Where a page's links lead, and where the files lie in the site's repository. */
const PLACES =
  /^https:\/\/(?:(?:www\.)?k(?:ubernete|8)s\.io\/(?:docs\/)?examples|raw\.githubusercontent\.com\/kubernetes\/website\/(?:main|master)\/content\/en\/examples)\/(.+)$/;

/** The text of an example by its whole URL; undefined for what is no example, or none that is known. */
export function publishedExample(url: string): string | undefined {
  const path = PLACES.exec(url)?.[1];
  const found = path === undefined ? undefined : EXAMPLES[path];
  if (found === undefined) return undefined;
  const objects = Array.isArray(found) ? found : [found];
  if (path!.endsWith(".json")) return `${JSON.stringify(objects[0], null, 2)}\n`;
  return objects.map((one) => writeYaml(one)).join("---\n");
}
