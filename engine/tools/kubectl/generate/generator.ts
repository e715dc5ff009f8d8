import { failure } from "../../../api/status.ts";
import type { KubeObject } from "../../../api/types.ts";
import type { Gen } from "../../../kernel/index.ts";
import { createObject, createOrUpdateAnnotation, dryRun, typedPrinter, validation } from "../changes.ts";
import type { Mapping } from "../discovery.ts";
import { isExpected, KubectlError, usageError } from "../errors.ts";
import { hashLetters } from "../hash-letters.ts";
import type { Invocation } from "../invocation.ts";
import { localMapping } from "../resource-files.ts";

/** Makes the object that a `create` subcommand is about; throws what is wrong with its flags. */
export type Generator = (k: Invocation, name: string) => Gen<Json> | Json;

// biome-ignore lint/suspicious/noExplicitAny: an object of whatever kind the command makes
export type Json = any;

export interface GeneratorOptions {
  /** Plural, where it is not the kind with an s. */
  plural?: string;
  clusterScoped?: boolean;
  /** Words after `failed to create `, for commands that wrap the server's error. */
  failed?: string;
  /** It looks for an empty name itself; others leave that to the server. */
  named?: boolean;
  /** It has `--append-hash`. */
  hashed?: boolean;
}

/** The one NAME before any `--`. */
export function nameArgument(k: Invocation): string {
  const count = k.flags.dash < 0 ? k.args.length : k.flags.dash;
  if (count !== 1) throw usageError(k.path, `exactly one NAME is required, got ${count}`);
  return k.args[0]!;
}

/** Words after the name: the command of a container. */
export function commandArguments(k: Invocation): string[] {
  return k.args.slice(1);
}

/** Runs a generator and creates or prints what it makes. */
export function generating(generator: Generator, options: GeneratorOptions = {}): (k: Invocation) => Gen<number> {
  return function* generate(k) {
    const name = nameArgument(k);
    const strategy = dryRun(k);
    const print = typedPrinter(k, strategy);
    const fieldValidation = validation(k);
    if (options.named && name === "") throw new KubectlError("name must be specified");
    const made = generator(k, name);
    let object = (typeof made?.next === "function" ? yield* made as Gen<Json> : made) as KubeObject;
    if (options.hashed && k.flags.bool("append-hash")) object = withHash(object);
    const { namespace, explicitNamespace } = k.target();
    if (explicitNamespace && !options.clusterScoped)
      object = { ...object, metadata: { ...object.metadata, namespace } };
    // Upstream's `create service` has the flag and forgets it.
    if (!k.path.startsWith("create service ")) object = createOrUpdateAnnotation(k, object, true);
    if (strategy !== "client") {
      const mapping = mappingOf(object, options);
      const query = { dryRun: strategy, fieldManager: k.flags.string("field-manager"), fieldValidation };
      try {
        object = yield* createObject(k, mapping, namespace, object, query);
      } catch (error) {
        if (!isExpected(error) || options.failed === undefined) throw error;
        throw new KubectlError(`failed to create ${options.failed} ${error.message}`);
      }
    }
    print(object, "created");
    return 0;
  };
}

/** A ConfigMap or a Secret under a name that changes with what it holds (kubectl pkg/util/hash). */
function withHash(object: KubeObject): KubeObject {
  const { kind, metadata } = object;
  const content = kind === "Secret" ? { type: object["type"] ?? "" } : {};
  const binary = object["binaryData"] ? { binaryData: object["binaryData"] } : {};
  const hash = hashLetters({ kind, name: metadata.name, data: object["data"] ?? {}, ...content, ...binary });
  return { ...object, metadata: { ...metadata, name: `${metadata.name}-${hash}` } };
}

function mappingOf(object: KubeObject, options: GeneratorOptions): Mapping {
  const mapping = localMapping(object.apiVersion, object.kind);
  return { ...mapping, resource: options.plural ?? mapping.resource, namespaced: !options.clusterScoped };
}

/** `metadata` as a typed client sends it. */
export function meta(name: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { creationTimestamp: null, ...more, name };
}

/** apimachinery's words for a name that is no DNS-1123 subdomain, for what is checked before sending. */
export const badRequest = (message: string) => failure(400, "BadRequest", message);
