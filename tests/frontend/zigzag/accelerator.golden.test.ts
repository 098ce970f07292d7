import { describe, expect, test } from "vitest";
import { parseDocument } from "yaml";
import { readAccelerator } from "../../../src/frontend/zigzag/accelerator.js";
import {
  type Accelerator,
  type Direction,
  levelOf,
  type Memory,
  type OperationalArray,
  replicas,
} from "../../../src/ir/accelerator.js";
import { hasShared, readShared, sharedFiles } from "../../support/shared.js";

/** Names of the four movements in the reference's own notes. */
const DIRECTION_NAMES: Readonly<Record<Direction, string>> = {
  fh: "wr_in_by_high",
  tl: "rd_out_to_low",
  fl: "wr_in_by_low",
  th: "rd_out_to_high",
};

const folders = ["golden/defines/accelerators", "golden/zigzag/inputs"];
const files = folders
  .flatMap((folder) => sharedFiles(".yaml", folder).map((file) => `${folder}/${file}`))
  .filter((file) => /^memories:/m.test(readShared(file)));

describe.skipIf(!hasShared)("accelerators of the references (skipped without the shared folder)", () => {
  test("there are some", () => expect(files).not.toHaveLength(0));

  test.each(files)("%s is read", (file) => {
    const { accelerator, diagnostics } = readAccelerator(readShared(file), file);
    const { errors } = parseDocument(readShared(file));
    expect(diagnostics.map(({ code }) => code)).toEqual(errors.map(() => "duplicate-key"));
    expect(accelerator.memories.at(-1)?.operands.map(({ operand }) => operand)).toEqual(["I1", "I2", "O"]);
  });
});

interface HardwareMemory {
  readonly read_bw: number;
  readonly ports: readonly { readonly serves: readonly (readonly [string, number, string])[] }[];
}
const hardware: Readonly<Record<string, { readonly memories_in_definition_order: readonly HardwareMemory[] }>> =
  hasShared ? JSON.parse(readShared("golden/depth-first-trace/hardware.json")) : {};

describe.skipIf(!hasShared)("the reference's own view of its accelerators", () => {
  const known = files.map((file) => readAccelerator(readShared(file), file).accelerator);

  test.each(Object.entries(hardware))("%s", (name, { memories_in_definition_order, ...whole }) => {
    const accelerator = known.find((candidate) => candidate.name === name.toLowerCase());
    expect(asHardware(accelerator!)).toEqual({
      array: (whole as Record<string, unknown>).array,
      mac_energy: (whole as Record<string, unknown>).mac_energy,
      memories: memories_in_definition_order,
    });
  });
});

/** An accelerator in the words of the reference's notes; the order of services, which decides sums, is part of it. */
function asHardware({ array, memories }: Accelerator) {
  const dims = Object.fromEntries(array.dims.map(({ name, size }) => [name, size]));
  return { array: dims, mac_energy: array.macEnergy, memories: memories.map((memory) => asMemory(array, memory)) };
}

function asMemory(array: OperationalArray, memory: Memory) {
  const reads = memory.ports.find(({ type }) => type !== "write")!;
  const writes = memory.ports.find(({ type }) => type !== "read")!;
  return {
    name: memory.id,
    operand_levels: Object.fromEntries(memory.operands.map(({ operand, level }) => [operand, level])),
    size_bits: memory.size,
    read_bw: reads.bandwidth,
    write_bw: writes.bandwidth,
    read_min: reads.granularity,
    write_min: writes.granularity,
    read_cost: rounded(memory.readEnergy),
    write_cost: rounded(memory.writeEnergy),
    served_dims: memory.served,
    unroll_count: replicas(array, memory),
    ports: memory.ports.map(({ name, bandwidth, granularity, services }) => ({
      name,
      bw: bandwidth,
      min_bw: granularity,
      serves: services.map(({ operand, direction }) => [operand, levelOf(memory, operand), DIRECTION_NAMES[direction]]),
    })),
  };
}

/** The notes keep six decimals of an energy. */
const rounded = (energy: number): number => Number(energy.toFixed(6));
