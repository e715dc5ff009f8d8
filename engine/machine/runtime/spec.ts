import type { Image } from "../../images/index.ts";
import type { ContainerConfig } from "./types.ts";

const templates = new WeakMap<object, Map<string, ReturnType<Image["def"]["rootfs"]>>>();

/** The tree of an image, built once for all machines of all sessions; snapshots never write to it. */
export function templateOf(image: Image): ReturnType<Image["def"]["rootfs"]> {
  let byTag = templates.get(image.def);
  if (byTag === undefined) templates.set(image.def, (byTag = new Map()));
  let tree = byTag.get(image.tag);
  if (tree === undefined) byTag.set(image.tag, (tree = image.def.rootfs(image.tag)));
  return tree;
}

/** CRI: a command takes the place of entrypoint and cmd, arguments alone that of cmd. */
export function commandOf(image: Image, config: ContainerConfig): string[] {
  if (config.command.length > 0) return [...config.command, ...config.args];
  if (config.args.length > 0) return [...image.def.entrypoint, ...config.args];
  return [...image.def.entrypoint, ...image.def.cmd];
}

export function environment(
  image: Image,
  config: ContainerConfig,
  hostname: string,
  home: string,
): Map<string, string> {
  const env = new Map<string, string>(Object.entries(image.def.env(image.tag)));
  env.set("HOSTNAME", hostname);
  if (config.tty) env.set("TERM", "xterm");
  for (const [name, value] of config.env) env.set(name, value);
  if (!env.has("HOME")) env.set("HOME", home);
  return env;
}
