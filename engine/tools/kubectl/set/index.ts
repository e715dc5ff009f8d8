import type { Runner } from "../runners.ts";
import { setEnv } from "./env.ts";
import { setImage } from "./image.ts";
import { setResources, setSelector, setServiceAccount, setSubject } from "./other.ts";

/** Subcommands of `kubectl set`. */
export const setCommands: Readonly<Record<string, Runner>> = {
  "set env": setEnv,
  "set image": setImage,
  "set resources": setResources,
  "set selector": setSelector,
  "set serviceaccount": setServiceAccount,
  "set subject": setSubject,
};
