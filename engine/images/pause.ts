import { type Gen, WaitQueue, wait } from "../kernel/index.ts";
import type { Process, Program } from "../machine/process.ts";
import type { ImageDef } from "./image.ts";
import { rootfs } from "./rootfs.ts";

/** Holds a Pod's namespaces: sleeps until a signal, reaps orphans (kubernetes build/pause/linux/pause.c). */
export const pauseProgram: Program = function* (p: Process): Gen<number> {
  p.rssKib = 412;
  p.dispositions.set("INT", "catch");
  p.dispositions.set("TERM", "catch");
  p.dispositions.set("CHLD", "ignore");
  const never = new WaitQueue();
  for (;;) {
    if (p.takeSignal() !== undefined) return 0;
    yield* wait(never);
  }
};

export const pause: ImageDef = {
  names: ["registry.k8s.io/pause", "docker.io/kubernetes/pause", "docker.io/google/pause"],
  tags: /^(latest|[1-2]\.0|3\.(\d|10(\.1)?))$/,
  sizeBytes: 318_000,
  sizes: { "3.10": 320_368, "3.9": 321_520 },
  rootfs: () => rootfs({ pause: { program: "pause" } }),
  entrypoint: ["/pause"],
  cmd: [],
  env: () => ({ PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" }),
  workingDir: "/",
  user: "65535:65535",
};
