import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import AxeBuilder from "@axe-core/playwright";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);

/** Why browser tests cannot run here; undefined when they can. */
export const noBrowser = CHROMIUM === undefined ? "no Chromium found (Debian: apt-get install chromium)" : undefined;
if (noBrowser) console.warn(`Browser tests are skipped: ${noBrowser}`);

const out = join(dirname(dirname(fileURLToPath(import.meta.url))), ".out");

/** How long a test waits for what comes in a second on a machine of one's own, ms. */
export const PATIENCE = 180_000;

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM!,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A learner's browser. `problems` collects what the page's console complains about. */
export async function visit(
  browser: Browser,
  options: BrowserContextOptions,
): Promise<{ context: BrowserContext; page: Page; problems: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(String(error.stack)));
  page.on("console", (message) => {
    // A lost connection is part of the test; a policy that blocks the page's own parts is not.
    if (message.type() === "error" && !/ERR_|WebSocket|Failed to load resource/.test(message.text()))
      problems.push(message.text());
  });
  return { context, page, problems };
}

/** Writes test/.out/NAME.png for people to look at. */
export async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(out, { recursive: true });
  await page.screenshot({ path: join(out, `${name}.png`) });
}

/** Nothing that axe calls serious or critical. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ target, any }) => `${target.join(" ")} ${any[0]?.message ?? ""}`).join("; ")}`,
    );
  expect(serious).toEqual([]);
}

/** The text that a terminal shows, of the active pane. */
export async function screenText(page: Page): Promise<string> {
  const rows = await page.locator(".pane .xterm-rows").last().locator("> div").allTextContents();
  return rows.map((row) => row.replace(/\u00a0/g, " ").trimEnd()).join("\n");
}
