import type { Program } from "../machine/process.ts";
import { busyboxProgram } from "./busybox.ts";
import { nginxEntrypoint } from "./nginx/entrypoint.ts";
import { nginxProgram } from "./nginx/program.ts";
import { pauseProgram } from "./pause.ts";
import { databasePrograms } from "./servers/databases.ts";
import { demoPrograms } from "./servers/demo.ts";
import { apache } from "./servers/httpd.ts";
import { languagePrograms } from "./servers/languages.ts";
import { redisPrograms } from "./servers/redis.ts";
import { stressPrograms } from "./servers/stress.ts";

/** Programs that come with images, by the name their executables carry. */
export const imagePrograms: Readonly<Record<string, Program>> = {
  busybox: busyboxProgram,
  nginx: nginxProgram,
  "nginx-entrypoint": nginxEntrypoint,
  pause: pauseProgram,
  apache,
  ...redisPrograms,
  ...databasePrograms,
  ...demoPrograms,
  ...languagePrograms,
  ...stressPrograms,
};
