import { defineConfig } from "vite";

export default defineConfig({
  // Fonts as files of their own: the content security policy takes none from data URLs.
  build: { assetsInlineLimit: 0, chunkSizeWarningLimit: 900 },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
});
