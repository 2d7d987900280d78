// Colours: mixing, readable ink on a fill, sequential scales and the Okabe-Ito categories.

/** A continuous scale from 0 to 1 to `#rrggbb`; values outside are clamped. */
export type ColorScale = (value: number) => string;

/** Eight colours that people with any colour vision tell apart. Source: Okabe and Ito, 2008. */
export const okabeIto: readonly string[] = [
  "#000000",
  "#e69f00",
  "#56b4e9",
  "#009e73",
  "#f0e442",
  "#0072b2",
  "#d55e00",
  "#cc79a7",
];

/** Blue to yellow, made for colour-blind readers. Source: Nuñez, Anderton and Renslow, PLoS ONE 2018. */
export const cividis: ColorScale = /* @__PURE__ */ sequential([
  "#00204d",
  "#00336f",
  "#39486b",
  "#575c6d",
  "#707173",
  "#8a8779",
  "#a69d75",
  "#c4b56c",
  "#e4cf5b",
  "#ffea46",
]);

/** Purple to yellow. Source: van der Walt and Smith, 2015. */
export const viridis: ColorScale = /* @__PURE__ */ sequential([
  "#440154",
  "#482878",
  "#3e4a89",
  "#31688e",
  "#26828e",
  "#1f9e89",
  "#35b779",
  "#6dcd59",
  "#b4de2c",
  "#fde725",
]);

/** Paper to deep blue: nothing is light, much is dark, so that a mostly empty matrix stays calm on a light page. */
export const tide: ColorScale = /* @__PURE__ */ sequential([
  "#f1f4f6",
  "#d5e3ea",
  "#aecddb",
  "#7fb2c9",
  "#4f93b3",
  "#2f739b",
  "#1c5480",
  "#123a63",
  "#0c2547",
]);

/** White to black, for print. */
export const greys: ColorScale = /* @__PURE__ */ sequential([
  "#f6f6f6",
  "#dcdcdc",
  "#b4b4b4",
  "#868686",
  "#585858",
  "#303030",
  "#141414",
]);

/** The scale through equally spaced colours. */
export function sequential(stops: readonly string[]): ColorScale {
  const points = stops.map(channels);
  return (value) => {
    const at = Math.min(1, Math.max(0, Number.isNaN(value) ? 0 : value)) * (points.length - 1);
    const from = Math.min(points.length - 2, Math.floor(at));
    return between(points[from]!, points[from + 1]!, at - from);
  };
}

/** The three channels of `#rrggbb`, 0 to 255. */
export function channels(color: string): Channels {
  const value = Number.parseInt(color.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** `from` at share 0, `to` at share 1. */
export function mix(from: string, to: string, share: number): string {
  return between(channels(from), channels(to), share);
}

/** Relative luminance, 0 black to 1 white. Source: WCAG 2.2. */
export function luminance(color: string): number {
  const [r, g, b] = channels(color).map((channel) => {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

/** Contrast of two colours, 1 to 21. Source: WCAG 2.2. */
export function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

/** The one of two inks that reads better on a fill. */
export function inkOn(fill: string, dark = "#10131a", light = "#ffffff"): string {
  return contrast(fill, dark) >= contrast(fill, light) ? dark : light;
}

type Channels = readonly [number, number, number];

function between(from: Channels, to: Channels, share: number): string {
  const channel = (i: 0 | 1 | 2): number => Math.round(from[i] + (to[i] - from[i]) * share);
  // The leading 1 keeps the zeros of a dark colour.
  return `#${((1 << 24) | (channel(0) << 16) | (channel(1) << 8) | channel(2)).toString(16).slice(1)}`;
}
