import type { Draft } from "../../api/kind.ts";
import type { Gen } from "../../kernel/index.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";
import { refuse } from "./refuse.ts";

/** ImagePolicyWebhook's configuration, with what its kubeconfig says. */
export interface ImagePolicySettings {
  /** `https://bouncer:8080/review` of the current context's cluster. */
  server: string;
  /** Pods come in when the backend does not answer. */
  defaultAllow: boolean;
}

const TIMEOUT_SECONDS = 30;
const ANNOTATION = /\.image-policy\.k8s\.io\//;
const SUBRESOURCES = new Set(["", "ephemeralcontainers"]);

/** A backend outside decides by the images whether a Pod comes in (plugin/pkg/admission/imagepolicy). */
export function imagePolicyWebhook(settings: ImagePolicySettings): AdmissionPlugin {
  return {
    name: "ImagePolicyWebhook",
    validate(attributes) {
      const { operation, def, subresource } = attributes;
      if (operation !== "CREATE" && operation !== "UPDATE") return;
      if (def.resource.group !== "" || def.resource.resource !== "pods" || !SUBRESOURCES.has(subresource)) return;
      // Updates of a Pod change no image but those of ephemeral containers.
      if (operation === "UPDATE" && subresource === "" && !changesImages(attributes)) return;
      return review(settings, attributes);
    },
  };
}

function* review({ server, defaultAllow }: ImagePolicySettings, attributes: Attributes): Gen {
  const { object, namespace, context } = attributes;
  const images: string[] = imagesOf(object);
  const annotations = Object.fromEntries(
    Object.entries<string>(object.metadata.annotations ?? {}).filter(([key]) => ANNOTATION.test(key)),
  );
  const asked = {
    kind: "ImageReview",
    apiVersion: "imagepolicy.k8s.io/v1alpha1",
    metadata: { creationTimestamp: null },
    spec: {
      containers: images.map((image) => ({ image })),
      ...(Object.keys(annotations).length > 0 && { annotations }),
      namespace,
    },
    status: { allowed: false },
  };
  const url = /^https?:\/\/([^/?]+)([^?]*)/.exec(server);
  const host = url?.[1] ?? server;
  const port = server.startsWith("http:") ? 80 : 443;
  const address = /:\d+$/.test(host) ? host : `${host}:${port}`;
  const answer =
    (yield* context.server.webhooks?.submitReview(address, url?.[2] ?? "", asked, TIMEOUT_SECONDS) ?? silence()) ?? "";
  if (typeof answer === "string") {
    if (defaultAllow) return;
    throw refuse(attributes, `Post "${server}?timeout=${TIMEOUT_SECONDS}s": ${answer}`);
  }
  const { allowed, reason } = (answer as Draft).status ?? {};
  if (allowed) return;
  const head = "image policy webhook backend denied one or more images";
  throw refuse(attributes, reason ? `${head}: ${reason}` : head);
}

// biome-ignore lint/correctness/useYield: nobody is there to wait for
function* silence(): Gen<unknown> {
  return "no route to host";
}

function imagesOf({ spec }: Draft): string[] {
  return ["initContainers", "containers", "ephemeralContainers"].flatMap((list) =>
    (spec[list] ?? []).map(({ image }: Draft) => image),
  );
}

function changesImages({ object, old }: Attributes): boolean {
  return old === undefined || imagesOf(object).join(" ") !== imagesOf(old).join(" ");
}
