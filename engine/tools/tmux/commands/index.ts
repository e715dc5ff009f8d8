/** Every command of tmux that is known here. A new one is an entry of one of these lists. */
import type { Command } from "../command.ts";
import { bufferCommands } from "./buffers.ts";
import { keyCommands } from "./keys.ts";
import { layoutCommands } from "./layouts.ts";
import { miscCommands } from "./misc.ts";
import { optionCommands } from "./options.ts";
import { paneCommands } from "./panes.ts";
import { promptCommands } from "./prompts.ts";
import { sessionCommands } from "./sessions.ts";
import { windowCommands } from "./windows.ts";

export const commands: readonly Command[] = [
  ...sessionCommands,
  ...windowCommands,
  ...paneCommands,
  ...layoutCommands,
  ...bufferCommands,
  ...keyCommands,
  ...optionCommands,
  ...promptCommands,
  ...miscCommands,
].sort((a, b) => (a.name < b.name ? -1 : 1));
