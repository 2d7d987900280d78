// Themes: every colour and font that a drawing uses, for a light page, a dark page and paper.

import { cividis, greys, tide, type ColorScale } from "./color.ts";

export interface Theme {
  readonly name: "light" | "dark" | "print";
  /** Page behind the drawing. */
  readonly background: string;
  /** Fill of an empty cell. */
  readonly surface: string;
  /** Text. */
  readonly ink: string;
  /** Second text: labels, ticks. At least 4.5:1 on `background`. */
  readonly muted: string;
  /** Hairlines. */
  readonly rule: string;
  /** Links, bars and highlighted frames. */
  readonly accent: string;
  /** Weights from 0 to 1. */
  readonly scale: ColorScale;
  readonly font: string;
}

/** Fonts that a reader has: no download, and names that SVG converters know. */
export const sansFont =
  "ui-sans-serif, system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif";

export const lightTheme: Theme = {
  name: "light",
  background: "#ffffff",
  surface: "#f5f6f7",
  ink: "#17191e",
  muted: "#5c626d",
  rule: "#dcdfe4",
  accent: "#1f6a99",
  scale: tide,
  font: sansFont,
};

export const darkTheme: Theme = {
  name: "dark",
  background: "#17191d",
  surface: "#22252b",
  ink: "#eceef1",
  muted: "#a0a6b1",
  rule: "#363a43",
  accent: "#e4cf5b",
  scale: cividis,
  font: sansFont,
};

export const printTheme: Theme = {
  name: "print",
  background: "#ffffff",
  surface: "#ffffff",
  ink: "#000000",
  muted: "#4a4a4a",
  rule: "#9a9a9a",
  accent: "#303030",
  scale: greys,
  font: "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif",
};

/** The themes by name. */
export const themes: Readonly<Record<Theme["name"], Theme>> = { light: lightTheme, dark: darkTheme, print: printTheme };
