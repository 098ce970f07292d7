/** Quantities for people: grouped digits, a unit that suits the size. */

/** Digits in groups of three: `20 187 977`. */
export const grouped = (n: number): string => String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, " ");

export const percent = (part: number, whole: number): string =>
  whole === 0 ? "–" : `${((100 * part) / whole).toFixed(1)} %`;

/** A unit and how many base units it holds. */
export interface Scale {
  readonly unit: string;
  readonly factor: number;
}

const ENERGY: readonly Scale[] = [
  { unit: "pJ", factor: 1 },
  { unit: "nJ", factor: 1e3 },
  { unit: "µJ", factor: 1e6 },
  { unit: "mJ", factor: 1e9 },
  { unit: "J", factor: 1e12 },
];

const SIZE: readonly Scale[] = [
  { unit: "bit", factor: 1 },
  { unit: "KiB", factor: 8 * 1024 },
  { unit: "MiB", factor: 8 * 1024 * 1024 },
  { unit: "GiB", factor: 8 * 1024 ** 3 },
];

/** Largest unit that leaves at least one before the point; one scale serves a whole column. */
export const energyScale = (picojoules: number): Scale => scaleFor(picojoules, ENERGY);

export const inScale = (value: number, { factor }: Scale, digits = 3): string => (value / factor).toFixed(digits);

/** An energy with the unit that suits it: `1.337 mJ`. */
export function energyText(picojoules: number): string {
  const scale = energyScale(picojoules);
  return `${inScale(picojoules, scale)} ${scale.unit}`;
}

/** A size in bits with a unit that suits it: `64.0 KiB`. */
export function size(bits: number): string {
  const scale = scaleFor(bits, SIZE);
  return scale.factor === 1 ? `${grouped(bits)} bit` : `${inScale(bits, scale, 1)} ${scale.unit}`;
}

const scaleFor = (value: number, scales: readonly Scale[]): Scale =>
  scales.findLast(({ factor }) => value >= factor) ?? scales[0]!; // every list starts with its base unit
