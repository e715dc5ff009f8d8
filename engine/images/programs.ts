import type { Program } from "../machine/process.ts";
import { busyboxProgram } from "./busybox.ts";
import { nginxEntrypoint } from "./nginx/entrypoint.ts";
import { nginxProgram } from "./nginx/program.ts";
import { pauseProgram } from "./pause.ts";

/** Programs that come with images, by the name their executables carry. */
export const imagePrograms: Readonly<Record<string, Program>> = {
  busybox: busyboxProgram,
  nginx: nginxProgram,
  "nginx-entrypoint": nginxEntrypoint,
  pause: pauseProgram,
};
