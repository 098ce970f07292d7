import { describe, expect, it } from "vitest";
import { loopsPerLevel, type Utilisation } from "../../../../src/backend/cost/mapper/analysis.js";
import {
  type EnergyEvaluation,
  evaluateEnergy,
  evaluateLatency,
  type LatencyEvaluation,
  type Traffic,
} from "../../../../src/backend/cost/mapper/evaluate.js";
import { DIRECTIONS, type LayerModel, layerModel } from "../../../../src/backend/cost/mapper/layer-model.js";
import { loopFactors } from "../../../../src/backend/cost/mapper/loop-factors.js";
import { createMapper } from "../../../../src/backend/cost/mapper/mapper.js";
import { factorMultiset, orderingCount, prefixShiftOrderings } from "../../../../src/backend/cost/mapper/orderings.js";
import { mapperPolicies } from "../../../../src/backend/cost/mapper/policies.js";
import { Pricer } from "../../../../src/backend/cost/mapper/pricer.js";
import { searchOrderings } from "../../../../src/backend/cost/mapper/search.js";
import { mapSpatially, type OperandSpatial } from "../../../../src/backend/cost/mapper/spatial.js";
import { energyTables } from "../../../../src/backend/cost/mapper/tables.js";
import { windowUnion } from "../../../../src/backend/cost/mapper/window-union.js";
import { DEFINES } from "../../../../src/ir/rules.js";
import { hasShared, readShared, sharedFiles } from "../../../support/shared.js";
import { direction, loops, problemOf, type Trace, type TracedEvaluation } from "./trace.js";

const FOLDER = ["golden", "single-layer-trace"] as const;
const policies = mapperPolicies(DEFINES);

describe.skipIf(!hasShared)("single-layer traces of the reference (skipped without the shared folder)", () => {
  it("finds traces", () => expect(sharedFiles(".json", ...FOLDER).length).toBeGreaterThan(0));

  describe.each(sharedFiles(".json", ...FOLDER))("%s", (file) => {
    const trace: Trace = JSON.parse(readShared(...FOLDER, file));
    const problem = problemOf(trace);
    const layer = layerModel(problem);
    const spatial = mapSpatially(layer, problem.unrolling, policies.sizes);
    const names = layer.operands.map(({ name }) => name);
    const factorsAt = (limit: number) =>
      loopFactors(problem.loops, spatial.fractional[1]!.loops.flat(), limit, policies.sizes);
    const factors = factorsAt(trace.search.lpf_limit);
    const multiset = factorMultiset(factors);
    const orderings = inOrder(prefixShiftOrderings(multiset.multiplicities), multiset);

    it("maps loops to the array", () => {
      expect(layer.macs).toBe(trace.layer.total_MAC_count);
      expect(byName(names, spatial.fractional.map(spatialRecord))).toEqual(tracedSpatial(trace.spatial_fractional));
      expect(byName(names, spatial.integer.map(spatialRecord))).toEqual(tracedSpatial(trace.spatial_integer));
    });

    it("splits the loops into factors", () => expect(factors).toEqual(loops(trace.search.lpfs)));

    it("visits the orderings of the traces in their order", () => {
      expect(orderingCount(multiset.multiplicities)).toBe(trace.search.orderings);
      expect(orderings).toHaveLength(trace.search.orderings);
      for (const { index, ordering } of trace.evaluations) expect(orderings[index]).toEqual(loops(ordering));
    });

    it("gives every ordering its energy and latencies to the last bit", () => {
      const rows = orderings.map((order) => {
        const energy = evaluateEnergy(layer, spatial, order, policies);
        if (!energy.feasible) return [null, null, null, null];
        const latency = evaluateLatency(layer, spatial, energy, policies);
        return [energy.energy, latency.computationCycles, latency.loadedCycles, latency.offloadedCycles];
      });
      expect(rows).toEqual(trace.search.all.map((row) => row ?? [null, null, null, null]));
      const energies = rows.map(([energy]) => energy ?? Number.POSITIVE_INFINITY);
      expect(energies.indexOf(Math.min(...energies))).toBe(trace.search.optimum_index);
    });

    it("chooses the ordering of the reference and prices it from tables", () => {
      const result = createMapper(DEFINES)(problem);
      if (!result.feasible) throw new Error("the reference found a mapping");
      expect(result.mapping.loops).toEqual(orderings[trace.search.optimum_index]);
      const { energy, computationCycles, loadedCycles, offloadedCycles } = result.cost;
      expect([energy, computationCycles, loadedCycles, offloadedCycles]).toEqual(
        trace.search.all[trace.search.optimum_index],
      );
      expect(result.search).toEqual({
        orderings: trace.search.orderings,
        visited: trace.search.orderings,
        optimal: true,
      });
    });

    it("prices orderings from tables to the last bit, or says that it cannot", () => {
      const pricer = new Pricer(energyTables(layer, spatial, multiset, policies));
      const indices = prefixShiftOrderings(multiset.multiplicities);
      const prices = orderings.map((_, row) => pricer.price(indices, row * multiset.count));
      const traced = trace.search.all.map((row) => row?.[0] ?? Number.POSITIVE_INFINITY);
      expect(prices).toEqual(traced.map((energy, row) => (Number.isNaN(prices[row]) ? Number.NaN : energy)));
      expect(prices.filter(Number.isNaN).length).toBeLessThan(prices.length / 2);
    });

    it.each([6, 8] as const)("finds the same least energy by branch and bound at a limit of %d", (limit) => {
      const space = { layer, spatial, policies, factors: factorsAt(limit) };
      const [enumerated, bounded] = [searchOrderings(space), searchOrderings(space, 0)];
      if (!enumerated.feasible || !bounded.feasible) throw new Error("the reference found a mapping");
      expect(bounded.best.energy).toBe(enumerated.best.energy);
    });

    it.each(trace.evaluations)("takes every step of ordering $index like the reference", (traced) => {
      const energy = evaluateEnergy(layer, spatial, loops(traced.ordering), policies);
      if (!energy.feasible) throw new Error("the reference found this ordering feasible");
      const latency = evaluateLatency(layer, spatial, energy, policies);
      expect(energyRecord(layer, names, energy)).toEqual(tracedEnergy(traced));
      expect(latencyRecord(names, latency)).toEqual(tracedLatency(traced));
      expect(portRecord(names, latency)).toEqual(tracedPorts(traced));
    });
  });
});

function inOrder(indices: Uint8Array, { factors, count }: ReturnType<typeof factorMultiset>) {
  return Array.from({ length: indices.length / count }, (_, row) =>
    Array.from(indices.subarray(row * count, (row + 1) * count), (i) => factors[i]!),
  );
}

const byName = <T>(names: readonly string[], values: readonly T[]): Readonly<Record<string, T>> =>
  Object.fromEntries(names.map((name, o) => [name, values[o]!]));

const spatialRecord = ({ loops: levels, unitCount, unitUnique, boost }: OperandSpatial) => ({
  loops: levels,
  unitCount,
  unitUnique,
  boost,
});

const mapValues = <T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Readonly<Record<string, U>> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));

const tracedSpatial = (traced: Trace["spatial_fractional"]) =>
  mapValues(traced, ({ loops: levels, unit_count, unit_unique, bw_boost }) => ({
    loops: levels.map(loops),
    unitCount: unit_count,
    unitUnique: unit_unique,
    boost: bw_boost,
  }));

const four = <T>(of: Readonly<Record<(typeof DIRECTIONS)[number], T>>): readonly T[] => DIRECTIONS.map((d) => of[d]);

const trafficRecord = (names: readonly string[], { data, movements }: Traffic) => ({
  elements: byName(
    names,
    data.map(({ elements }) => elements),
  ),
  bits: byName(
    names,
    data.map(({ bits }) => bits),
  ),
  effectiveBits: byName(
    names,
    data.map(({ effectiveBits }) => effectiveBits),
  ),
  widths: byName(
    names,
    data.map(({ widths }) => widths),
  ),
  incomplete: data[0]!.incomplete,
  movements: byName(
    names,
    movements.map((levels) =>
      levels.map((movement) => ({
        amount: four(movement).map(({ amount }) => amount),
        precision: four(movement).map(({ width }) => width),
        period: four(movement).map(({ period }) => period),
        count: four(movement).map(({ count }) => count),
        window: four(movement).map(({ window }) => window),
      })),
    ),
  ),
});

const tracedTraffic = (traced: TracedEvaluation["fractional"]) => ({
  elements: traced.data_elem,
  bits: traced.data_bit,
  effectiveBits: traced.effective_bit,
  widths: traced.precision,
  incomplete: traced.psum_flag,
  movements: traced.movement,
});

const sharedByLevel = (layer: LayerModel, { shared }: Utilisation) =>
  layer.operands.map(({ levels }) => levels.map(({ memoryIndex }) => shared[memoryIndex]!));

const energyRecord = (layer: LayerModel, names: readonly string[], evaluation: EnergyEvaluation) => ({
  cuts: byName(
    names,
    evaluation.cuts.map((cuts) => loopsPerLevel(evaluation.order, cuts)),
  ),
  cycles: byName(
    names,
    evaluation.cycles.map(({ cycles }) => cycles.slice(1)),
  ),
  topRelevant: byName(
    names,
    evaluation.cycles.map(({ topRelevant }) => topRelevant),
  ),
  topIrrelevant: byName(
    names,
    evaluation.cycles.map(({ topIrrelevant }) => topIrrelevant),
  ),
  fractional: trafficRecord(names, evaluation.fractional),
  utilisation: byName(names, evaluation.utilisation.individual),
  sharedUtilisation: byName(names, sharedByLevel(layer, evaluation.utilisation)),
  words: byName(
    names,
    evaluation.operands.map(({ words }) => words.map(four)),
  ),
  energies: byName(
    names,
    evaluation.operands.map(({ energies }) => energies.map(four)),
  ),
  levels: byName(
    names,
    evaluation.operands.map(({ levels }) => levels),
  ),
  macEnergy: evaluation.macEnergy,
  memoryEnergy: evaluation.memoryEnergy,
  energy: evaluation.energy,
});

const tracedEnergy = (traced: TracedEvaluation) => ({
  cuts: mapValues(traced.stationary, (levels) => levels.map(loops)),
  cycles: traced.cycle_per_level,
  topRelevant: traced.top_r,
  topIrrelevant: traced.top_ir,
  fractional: tracedTraffic(traced.fractional),
  utilisation: traced.util_individual,
  sharedUtilisation: traced.util_shared,
  words: traced.word_access,
  energies: traced.energy,
  levels: traced.energy_per_level,
  macEnergy: traced.MAC_energy,
  memoryEnergy: traced.mem_energy,
  energy: traced.energy_total,
});

const latencyRecord = (names: readonly string[], latency: LatencyEvaluation) => ({
  integer: trafficRecord(names, latency.integer),
  effectiveUtilisation: byName(names, latency.effectiveUtilisation.individual),
  doubleBuffered: byName(names, latency.doubleBuffered),
  allowed: byName(
    names,
    latency.times.map((levels) => levels.map((time) => four(time).map(({ allowed }) => allowed))),
  ),
  real: byName(
    names,
    latency.times.map((levels) => levels.map((time) => four(time).map(({ real }) => real))),
  ),
  hops: byName(
    names.slice(1),
    latency.loading.inputs.map(({ hops }) => hops),
  ),
  individual: byName(
    names.slice(1),
    latency.loading.inputs.map(({ individual }) => individual),
  ),
  halfShared: byName(
    names.slice(1),
    latency.loading.inputs.map(({ halfShared }) => halfShared),
  ),
  shared: byName(
    names.slice(1),
    latency.loading.inputs.map(({ shared }) => shared),
  ),
  loading: latency.loading.cycles,
  offloading: latency.offloading,
  stall: latency.computationCycles - latency.temporalCycles,
  totals: [
    latency.idealCycles,
    latency.temporalCycles,
    latency.computationCycles,
    latency.loadedCycles,
    latency.offloadedCycles,
  ],
});

const tracedLatency = ({ latency, loading, offloading, ...traced }: TracedEvaluation) => ({
  integer: tracedTraffic(traced.integer),
  effectiveUtilisation: traced.eff_util_individual,
  doubleBuffered: traced.double_buffer,
  allowed: traced.allowed_cycle,
  real: traced.real_cycle,
  hops: loading.pairs,
  individual: loading.individual,
  halfShared: loading.half_shared,
  shared: loading.shared,
  loading: loading.cycle,
  offloading: { hops: offloading.pairs.map(([hop]) => hop), cycles: offloading.cycle },
  stall: traced.SS_comb,
  totals: [
    latency.ideal_cycle,
    latency.ideal_temporal_cycle,
    latency.latency_total0,
    latency.latency_total1,
    latency.latency_total2,
  ],
});

const portRecord = (names: readonly string[], { ports }: LatencyEvaluation) =>
  ports.map(({ memory, port, activities, stall }) => ({
    memory,
    port,
    activities: activities.map(({ operand, ...activity }) => ({ operand: names[operand], ...activity })),
    stall: stall === undefined ? null : stall + 0, // no negative zero in JSON
    union: activities.length > 1 ? windowUnion(activities) : null,
  }));

/** Of a port with one transfer the traces hold its window instead of a union. */
const tracedPorts = ({ ports }: TracedEvaluation) =>
  ports.map(({ memory, port, activities, MUW_union, SS_comb }) => ({
    memory,
    port,
    activities: activities.map(({ op, level, dir, real, allowed, period, count }) => ({
      operand: op,
      level,
      direction: direction(dir),
      real,
      allowed,
      period,
      count,
    })),
    stall: SS_comb,
    union: activities.length > 1 ? MUW_union : null,
  }));
