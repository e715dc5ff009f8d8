import hangulMono from "@fontsource/nanum-gothic-coding/files/nanum-gothic-coding-korean-400-normal.woff2?url";

/**
 * Hangul of the terminals, as one file: of a font that comes in pieces the widths would be measured before the piece is
 * there, and columns would not align.
 */
export async function loadHangulMono(): Promise<void> {
  const face = new FontFace("Kubetude Hangul", `url(${hangulMono})`, {
    unicodeRange: "U+1100-11FF, U+3000-303F, U+3130-318F, U+A960-A97F, U+AC00-D7FF, U+FF00-FFEF",
  });
  document.fonts.add(face);
  await face.load();
}
