/** Totals of the DeFiNES reference implementation at the points for which they are known. */
import type { OverlapMode } from "../../ir/facts.js";
import { DEFINES, type RuleSet } from "../../ir/rules.js";
import { printTileSize } from "../../passes/options.js";
import type { TilePoint } from "../grid.js";

export const REFERENCE_SOURCE = "runs of the DeFiNES reference implementation (state of 2023-02-08, loop limit 6)";

export interface ReferencePoint {
  /** pJ. */
  readonly energy: number;
  /** Cycles: layers with initial loading, and copies (DF §10). */
  readonly latency: number;
}

/** The reference's result at a point; `undefined` where it is not known, or the rules are not the reference's. */
export const referencePoint = (
  rules: RuleSet,
  accelerator: string,
  network: string,
  { tile, overlap }: TilePoint,
): ReferencePoint | undefined =>
  areReferenceRules(rules) ? POINTS.get([accelerator, network, overlap, printTileSize(tile)].join(" ")) : undefined;

/** A point and the reference's result. */
export interface KnownPoint {
  readonly point: TilePoint;
  readonly reference: ReferencePoint;
}

/** All points at which the reference's result for a network on a machine is known; none under other rules than its own. */
export function knownPoints(rules: RuleSet, accelerator: string, network: string): readonly KnownPoint[] {
  if (!areReferenceRules(rules)) return [];
  return (RUNS[`${accelerator} ${network}`] ?? []).map(([overlap, tile, energy, latency]) => {
    const [width = 0, height = 0] = tile.split("x").map(Number); // every tile below is written <width>x<height>
    return { point: { tile: { width, height }, overlap }, reference: { energy, latency } };
  });
}

const areReferenceRules = ({ name, loopLimit }: RuleSet): boolean =>
  name === DEFINES.name && loopLimit === DEFINES.loopLimit;

/** Machine and network; then per line overlap mode, tile, energy in pJ and cycles. */
const RUNS: Readonly<Record<string, readonly (readonly [OverlapMode, string, number, number])[]>> = {
  "ascend-like mccnn": [["fully-cached", "16x8", 11333590999.3, 56177365]],
  "ascend-like-df fsrcnn": [["fully-cached", "240x36", 2498927019.2949996, 25479002]],
  "ascend-like-df mccnn": [["fully-cached", "16x8", 11432809283.64, 68287373]],
  "edge-tpu-like mccnn": [["fully-cached", "16x8", 119225497778.39998, 128798320]],
  "edge-tpu-like-df fsrcnn": [["fully-cached", "240x36", 1941644755.0025, 16142589]],
  "edge-tpu-like-df mccnn": [["fully-cached", "16x8", 8264082073.14, 55061159]],
  "meta-prototype mccnn": [["fully-cached", "16x8", 9476088884.499998, 62060140]],
  "meta-prototype mobilenetv1": [["fully-cached", "14x14", 2082384718.6800005, 6358033]],
  "meta-prototype-df fsrcnn": [
    ["recompute", "4x4", 5992929908.785, 97429053],
    ["recompute", "4x18", 3430393532.785, 50020653],
    ["recompute", "4x72", 3490012011.9849997, 43894413],
    ["recompute", "4x540", 3737400541.585, 41600704],
    ["recompute", "16x4", 3587174504.7850003, 52012353],
    ["recompute", "16x18", 2338878140.7850003, 29767053],
    ["recompute", "16x72", 2477821101.3849998, 25745938],
    ["recompute", "16x540", 2592531354.3849998, 25283111],
    ["recompute", "60x4", 3089986871.1850004, 41541213],
    ["recompute", "60x18", 2418929852.785, 26184295],
    ["recompute", "60x72", 2361363150.5449996, 22776595],
    ["recompute", "60x540", 14399855211.505001, 30068910],
    ["recompute", "960x4", 3724255986.0850005, 41129629],
    ["recompute", "960x18", 16927662198.085001, 33342840],
    ["recompute", "960x72", 18679938958.769997, 32168616],
    ["recompute", "960x540", 20265261895.015, 29008303],
    ["h-cached", "4x4", 2790292457.485, 37416153],
    ["h-cached", "4x18", 1992837356.1850004, 23133153],
    ["h-cached", "4x72", 1851289490.125, 19449710],
    ["h-cached", "4x540", 2157709373, 19867000],
    ["h-cached", "16x4", 2790397004.1850004, 37197453],
    ["h-cached", "16x18", 1992690071.1850004, 23095923],
    ["h-cached", "16x72", 2113165167.1399999, 20404741],
    ["h-cached", "16x540", 2224537965.9599996, 20039014],
    ["h-cached", "60x4", 2796556279.285, 37186248],
    ["h-cached", "60x18", 2314945733.785, 24102865],
    ["h-cached", "60x72", 2220992385.935, 21345958],
    ["h-cached", "60x540", 13513977464.005001, 26892540],
    ["h-cached", "960x4", 3724255986.0850005, 41129629],
    ["h-cached", "960x18", 16927662198.085001, 33342840],
    ["h-cached", "960x72", 18679938958.769997, 32168616],
    ["h-cached", "960x540", 20265261895.015, 29008303],
    ["fully-cached", "4x4", 1916952073.1149995, 19208095],
    ["fully-cached", "4x18", 1822791820.69, 20585405],
    ["fully-cached", "4x72", 1813734143.3799996, 18484958],
    ["fully-cached", "4x540", 2157709373, 19867000],
    ["fully-cached", "16x4", 1916835809.2550004, 18925267],
    ["fully-cached", "16x18", 1822760872.0900006, 20523395],
    ["fully-cached", "16x72", 2078020448.3599997, 19737430],
    ["fully-cached", "16x540", 2224537965.9599996, 20039014],
    ["fully-cached", "60x4", 1916351169.425, 18889007],
    ["fully-cached", "60x18", 1979086013.745, 21149313],
    ["fully-cached", "60x72", 2154699943.145, 20187977],
    ["fully-cached", "60x540", 13513977464.005001, 26892540],
    ["fully-cached", "960x4", 2236481607.9350004, 20043947],
    ["fully-cached", "960x18", 9778098476.640001, 27048487],
    ["fully-cached", "960x72", 17611886163.239998, 30069435],
    ["fully-cached", "960x540", 20265261895.015, 29008303],
  ],
  "meta-prototype-df mccnn": [
    ["recompute", "376x1242", 27344873894.62, 56332955],
    ["h-cached", "94x27", 8886612512.51, 61903491],
    ["fully-cached", "16x8", 8739118215.839998, 55192776],
  ],
  "meta-prototype-df mobilenetv1": [["fully-cached", "14x14", 2067193746.0750003, 5446002]],
  "meta-prototype-df resnet18": [["fully-cached", "14x14", 2978477964.885, 13725427]],
  "tesla-npu-like mccnn": [["fully-cached", "16x8", 9988003879.078, 51838058]],
  "tesla-npu-like-df mccnn": [["fully-cached", "16x8", 8407014600.332287, 52057638]],
  "tpu-like fsrcnn": [["fully-cached", "240x36", 21203217512.520004, 122099234]],
  "tpu-like mccnn": [["fully-cached", "16x8", 114278496310.71999, 230456128]],
  "tpu-like-df mccnn": [["fully-cached", "16x8", 11115500708.392, 62928024]],
};

const POINTS: ReadonlyMap<string, ReferencePoint> = new Map(
  Object.entries(RUNS).flatMap(([run, points]) =>
    points.map(([overlap, tile, energy, latency]) => [`${run} ${overlap} ${tile}`, { energy, latency }] as const),
  ),
);
