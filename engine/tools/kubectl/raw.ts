/** `--raw` of get, create, replace and delete: a path of the server's, and what it answers as it came. */
import { toError } from "../../api/client.ts";
import { encodeBody } from "../../api/encode.ts";
import type { HttpBody } from "../../api/http.ts";
import { decode, type Gen } from "../../kernel/index.ts";
import { KubectlError } from "./errors.ts";
import { quote } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { parseYaml } from "./manifests.ts";
import { serverError } from "./server-errors.ts";

/** Path of the URL after `--raw`; throws in the words of net/url ParseRequestURI. */
function rawPath(k: Invocation): string {
  const text = k.flags.string("raw");
  const failed = (why: string) => new KubectlError(`--raw must be a valid URL path: parse ${quote(text)}: ${why}`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\x00-\x1f\x7f]/.test(text)) throw failed("net/url: invalid control character in URL");
  if (text.startsWith(":")) throw failed("missing protocol scheme");
  const scheme = /^[a-zA-Z][a-zA-Z0-9+.-]*:/.exec(text)?.[0] ?? "";
  const rest = text.slice(scheme.length);
  if (scheme === "" && !rest.startsWith("/")) throw failed("invalid URI for request");
  const path = scheme !== "" && rest.startsWith("//") ? rest.replace(/^\/\/[^/?]*/, "") || "/" : rest;
  const wrong = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(path.split("?")[0]!)?.[0];
  if (wrong !== undefined) throw failed(`invalid URL escape ${quote(wrong)}`);
  return path;
}

/** The one file that `-f` names, if any. */
function rawFile(k: Invocation): string | undefined {
  const files = k.flags.list("filename");
  if (files.length > 1) throw new KubectlError("--raw can only use a single local file or stdin");
  if (/^https?:\/\//.test(files[0] ?? "")) throw new KubectlError("--raw cannot read from a url");
  return files[0];
}

function* bytesOf(k: Invocation, file: string): Gen<Uint8Array> {
  return file === "-" ? yield* k.stdin() : k.readFile(file);
}

/** Copies a body to stdout as it came. */
function* printBody(k: Invocation, body: HttpBody): Gen {
  if (body.type === "bytes") k.out(decode(body.bytes));
  else if (body.type === "object") k.out(encodeBody(body));
  else if (body.type === "stream") {
    for (;;) {
      const chunk = yield* body.pipe.read(65_536);
      if (chunk === "interrupted" || chunk.length === 0) break;
      k.out(decode(chunk));
      yield* k.flush();
    }
  }
}

/** kubectl get --raw. */
export function* getRaw(k: Invocation): Gen<number> {
  const { flags, args } = k;
  if (args.length > 0) throw new KubectlError("arguments may not be passed when --raw is specified");
  if (flags.bool("watch") || flags.bool("watch-only") || flags.string("selector") !== "") {
    throw new KubectlError(
      "--raw may not be specified with other flags that filter the server request or alter the output",
    );
  }
  if (flags.string("output") !== "") throw new KubectlError("--raw and --output are mutually exclusive");
  const path = rawPath(k);
  let response = yield* k.request("GET", path);
  // Go's client follows where it is sent, ten times at most.
  for (let sent = 0; sent < 10 && [301, 302, 303, 307, 308].includes(response.status); sent++) {
    const to = response.headers["location"];
    if (to === undefined || !to.startsWith("/")) break;
    response = yield* k.request("GET", to);
  }
  if (response.status >= 400) throw serverError(response, "GET", path, false);
  yield* printBody(k, response.body);
  return 0;
}

/** kubectl create --raw and replace --raw: the server is to make sense of what the file holds. */
export function* sendRaw(k: Invocation, method: "POST" | "PUT"): Gen<number> {
  const { flags } = k;
  if (flags.has("edit") && flags.bool("edit")) throw new KubectlError("--raw and --edit are mutually exclusive");
  const file = rawFile(k);
  if (file === undefined) throw new KubectlError("--raw can only use a single local file or stdin");
  if (flags.bool("recursive")) throw new KubectlError("--raw and --recursive are mutually exclusive");
  if (flags.has("selector") && flags.string("selector") !== "") {
    throw new KubectlError("--raw and --selector (-l) are mutually exclusive");
  }
  if (flags.string("output") !== "") throw new KubectlError("--raw and --output are mutually exclusive");
  const path = rawPath(k);
  const response = yield* k.request(method, path, yield* bytesOf(k, file));
  if (response.status >= 400) throw toError(response);
  yield* printBody(k, response.body);
  return 0;
}

/** kubectl delete --raw: that path is deleted, with what a file holds as the options. */
export function* deleteRaw(k: Invocation): Gen<number> {
  const { flags } = k;
  if (flags.bool("interactive")) throw new KubectlError("--interactive can not be used with --raw");
  const file = rawFile(k);
  if (flags.bool("recursive")) throw new KubectlError("--raw and --recursive are mutually exclusive");
  if (flags.string("output") !== "") throw new KubectlError("--raw and --output are mutually exclusive");
  const path = rawPath(k);
  const text = file === undefined ? "" : decode(yield* bytesOf(k, file));
  const response = yield* k.request("DELETE", path, text === "" ? undefined : parseYaml(text));
  if (response.status >= 400) throw serverError(response, "DELETE", path);
  yield* printBody(k, response.body);
  return 0;
}
