import type { Program } from "../../machine/process.ts";
import { RUNTIME_VERSION } from "../../machine/runtime/index.ts";
import * as sys from "../../machine/sys.ts";
import { FlagError, type FlagSpec, flag, isOn, parseFlags } from "./cli.ts";
import { REVISION } from "./ctr.ts";

const FLAGS: readonly FlagSpec[] = [
  flag.string("address", "", "grpc address back to main containerd"),
  flag.string("bundle", "", "path to the bundle if not workdir"),
  flag.bool("debug", "", "enable debug output in logs"),
  flag.string("id", "", "id of the task"),
  flag.string("namespace", "", "namespace that owns the shim"),
  flag.string("publish-binary", "", "path to publish binary"),
  flag.string("socket", "", "socket path to serve"),
  flag.bool("v", "", "show the shim version and exit"),
];

/** containerd-shim-runc-v2 as somebody types it: containerd alone can use it (see machine/runtime/shim.ts). */
export const shim: Program = function* (p) {
  try {
    const given = parseFlags(FLAGS, p.argv.slice(1), false);
    if (isOn(given, "v")) {
      const version = `  Version:  v${RUNTIME_VERSION}\n  Revision: ${REVISION}\n  Go version: go1.23.7\n\n`;
      yield* sys.print(p, `containerd-shim-runc-v2:\n${version}`);
      return 0;
    }
    yield* sys.printError(p, "io.containerd.runc.v2: shim namespace cannot be empty\n");
    return 1;
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    yield* sys.printError(p, `${error.message}\n`);
    return 2;
  }
};
