import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import AxeBuilder from "@axe-core/playwright";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { type RunningServer, startServer } from "../../web/server/server.ts";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);

/** Why browser tests cannot run here; undefined when they can. */
export const noBrowser = CHROMIUM === undefined ? "no Chromium found (Debian: apt-get install chromium)" : undefined;
if (noBrowser) console.warn(`Browser tests are skipped: ${noBrowser}`);

const out = join(dirname(dirname(fileURLToPath(import.meta.url))), ".out");

/** How long a test waits for what comes in a second on a machine of one's own, ms. */
export const PATIENCE = 180_000;

// A machine with other work to do draws and checks slowly.
vi.setConfig({ testTimeout: 5 * PATIENCE });

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

export type Visitor = Awaited<ReturnType<typeof visit>>;

/** A server of one's own and a browser to look at it with, as long as the tests of a block run. */
export interface Site {
  readonly url: string;
  /** A learner's browser, English unless said otherwise. */
  visit(options?: BrowserContextOptions): Promise<Visitor>;
  /** One that looks at a page; `prepare` comes before. */
  open(path: string, options?: BrowserContextOptions, prepare?: (page: Page) => Promise<void>): Promise<Visitor>;
  /** One that has a lab's terminal before it, or in a small window behind its tab. */
  openLab(id: string, options?: BrowserContextOptions, prepare?: (page: Page) => Promise<void>): Promise<Visitor>;
}

/** To be called in a `describe`: starts server and browser before its tests and ends them after. */
export function serving(): Site {
  let server: RunningServer;
  let browser: Browser;
  const dataDir = mkdtempSync(join(tmpdir(), "kubetude-pages-"));
  beforeAll(async () => {
    server = await startServer({ port: 0, host: "127.0.0.1", dataDir, logLevel: "error" });
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return {
    get url() {
      return server.url;
    },
    visit: (options) => visit(browser, { locale: "en-US", ...options }),
    async open(path, options, prepare) {
      const visitor = await this.visit(options);
      await prepare?.(visitor.page);
      await visitor.page.goto(server.url + path);
      return visitor;
    },
    async openLab(id, options, prepare) {
      const visitor = await this.open(`/labs/${id}`, options, prepare);
      const { page } = visitor;
      await keyboard(page).waitFor({ state: "attached", timeout: PATIENCE });
      // In a small window the terminal stands behind a tab: xterm draws it when somebody looks.
      if (await page.locator(".pane .xterm").first().isVisible()) await see(page, PROMPT);
      return visitor;
    },
  };
}

/** The prompt of a lab's terminal. */
export const PROMPT = /learner@workstation:~\$/;

/** Waits until a page's terminal shows what matches. */
export const see = (page: Page, pattern: RegExp) =>
  expect.poll(() => screenText(page), { timeout: PATIENCE }).toMatch(pattern);

/** What takes the keys of a page's first terminal. */
export const keyboard = (page: Page) => page.locator(".pane .xterm-helper-textarea").first();

/** Types into a page's first terminal. */
export async function type(page: Page, text: string): Promise<void> {
  await keyboard(page).focus();
  await page.keyboard.type(text);
}

/** A task of a lab by its id. */
export const task = (page: Page, id: string) => page.locator(`.slot-task[data-task="${id}"] .task`);

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
