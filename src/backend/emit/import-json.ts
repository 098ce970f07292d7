/** What the frontend understood, as a plain object and as text (contract: `kerf import`). */
import type { ImportTotals } from "../../ir/counts.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import type { CoverageEntry, CoverageStatus, Layer, Network } from "../../ir/network.js";
import { diagnosticJson } from "./diagnostic-json.js";
import { grouped } from "./quantities.js";
import { ellipsis, printTable } from "./table.js";

/** `kerf import --json`. */
export const importDocument = (network: Network, totals: ImportTotals, diagnostics: readonly Diagnostic[]) => ({
  format: "kerf/import" as const,
  version: 1 as const,
  model: { name: network.name },
  totals,
  layers: network.layers.map(layerJson),
  coverage: network.coverage,
  diagnostics: diagnostics.map(diagnosticJson),
});

const layerJson = ({ id, name, kind, op, nodes, loops, macs, operands }: Layer) => ({
  id,
  name,
  kind,
  op,
  nodes,
  dims: Object.fromEntries(loops.map(({ dim, size }) => [dim, size])),
  macs,
  operands: operands.map((operand) => ({ name: operand.name, role: operand.role, tensor: operand.tensor })),
});

/** Totals, then one line per operator type and fate, then what is not known. */
export function printImport(network: Network, totals: ImportTotals): string {
  const lines = [
    `${network.name}: ${grouped(network.coverage.length)} nodes, ${grouped(network.layers.length)} layers`,
    `MACs ${grouped(totals.macs)}, weights ${grouped(totals.weightElements)} elements`,
    "",
    ...printCoverage(network.coverage, totals),
    ...printUnknown(totals),
  ];
  return `${lines.join("\n")}\n`;
}

function printCoverage(coverage: readonly CoverageEntry[], totals: ImportTotals): readonly string[] {
  const groups = new Map<string, { opType: string; status: CoverageStatus; reason: string; count: number }>();
  for (const { opType, status, reason = "" } of coverage) {
    const key = JSON.stringify([opType, status, reason]);
    const group = groups.get(key) ?? { opType, status, reason, count: 0 };
    groups.set(key, { ...group, count: group.count + 1 });
  }
  const rows = [...groups.values()];
  rows.sort((a, b) => compare(a.opType, b.opType) || ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  const cells = rows.map(({ opType, status, count, reason }) => {
    const macs = Object.hasOwn(totals.byOp, opType) ? grouped(totals.byOp[opType]!.macs) : "–";
    return [opType, grouped(count), status, macs, ellipsis(reason, 80)];
  });
  const sum = ["all", grouped(coverage.length), "", grouped(totals.macs), ""];
  const heading = ["operator", "nodes", "status", "MACs", "reason"];
  return printTable([heading, ...cells, sum], ["left", "right", "left", "right", "left"], "  ");
}

const ORDER: readonly CoverageStatus[] = ["lowered", "moved", "view", "folded", "opaque", "refused"];

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function printUnknown({ unknown }: ImportTotals): readonly string[] {
  if (unknown.length === 0) return [];
  const rows = unknown.map(({ layer, symbol, reason }) => [
    layer,
    symbol === undefined ? "–" : `--bind ${symbol}=<n>`,
    reason,
  ]);
  return ["", "not counted:", ...printTable([["layer", "way out", "reason"], ...rows], ["left", "left", "left"], "  ")];
}
