// The figure of a session: which scene is on screen, and the same one as a file.

import {
  alignmentLines,
  alignmentMatrix,
  drawOnCanvas,
  svg,
  type AlignmentTrace,
  type Scene,
  type Theme,
} from "heed/draw";
import { probability } from "./probability.ts";
import { mark, shown, spoken, wordShown, type Session } from "./session.ts";

export interface FigureOptions {
  readonly theme: Theme;
  /** Width to fill, in pixels. Default: as wide as the figure needs. */
  readonly width?: number;
  /** Height that the lines keep to as far as they can, in pixels. Default: as the width asks for. */
  readonly height?: number;
  /** Whether the word and its reading stand above the figure. */
  readonly headline: boolean;
}

/** The scene of the pronunciation on screen; undefined when there is none. */
export function figure(session: Session, { theme, width, height, headline }: FigureOptions): Scene | undefined {
  const pronunciation = shown(session);
  if (pronunciation === undefined) return undefined;
  const { pronunciations } = session.answer!;
  const rank = `reading ${session.choice + 1} of ${pronunciations.length}, ${probability(pronunciation.score)}`;
  const trace: AlignmentTrace = {
    ...pronunciation.attention,
    word: wordShown(session),
    subtitle: `${pronunciation.phonemes.join(" ")}  ·  ${rank}`,
  };
  const shared = { theme, headline, highlight: mark(session), ...(width === undefined ? {} : { width }) };
  return session.view === "lines"
    ? alignmentLines(trace, {
        ...shared,
        ...(height === undefined ? {} : { height }),
        floor: session.allLinks ? 0 : 0.01,
      })
    : alignmentMatrix(trace, shared);
}

/** What a saved figure looks like. */
export interface SaveOptions {
  /** Its colours, whatever the page wears. */
  readonly theme: Theme["name"];
  /** Pixels per unit of a PNG, 1 to 4. */
  readonly pngScale: number;
}

export const usualSaveOptions: SaveOptions = { theme: "light", pngScale: 2 };

/** The name of an exported file, without its ending; a reading after the first says its rank. */
export function fileName(session: Session): string {
  const word =
    spoken(session.answer?.word ?? "word")
      .replace(/[^\p{L}\p{N}]+/gu, "-")
      .replace(/^-+|-+$/g, "") || "word";
  return [word, session.view, ...(session.choice === 0 ? [] : [session.choice + 1])].join("-");
}

/** The figure as an SVG file. */
export function svgFile(scene: Scene): Blob {
  return new Blob([svg(scene)], { type: "image/svg+xml" });
}

/**
 * The figure as a PNG file.
 *
 * @param scale - pixels per unit, 1 to 4.
 */
export async function pngFile(scene: Scene, scale: number, page: Document): Promise<Blob> {
  const canvas = page.createElement("canvas");
  canvas.width = Math.ceil(scene.width * scale);
  canvas.height = Math.ceil(scene.height * scale);
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("This browser gives no canvas to draw the PNG on.");
  drawOnCanvas(context, scene, { scale });
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (blob === null) throw new Error(`The figure is too large for a PNG at ${scale}×.`);
  return blob;
}
