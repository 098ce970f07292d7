import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { readAccelerator } from "../../../src/frontend/zigzag/accelerator.js";
import type { Accelerator } from "../../../src/ir/accelerator.js";
import { assumedNone, totalArea, totalStaticEnergy } from "../../../src/ir/assumed.js";
import { type Diagnostic, DiagnosticError } from "../../../src/ir/diagnostics.js";

/** Eight units with a register each, of both generations of the schema, under one memory; nothing optional is stated. */
const BARE = `name: tiny
operational_array:
  unit_energy: 0.04
  unit_area: 1
  dimensions: [D1, D2]
  sizes: [4, 2]
memories:
  reg:
    size: 8
    r_cost: 0.01
    w_cost: 0.02
    area: 0
    operands: [I2]
    ports:
    - {name: r_port_1, type: read, bandwidth_max: 8, allocation: ['I2, tl']}
    - {name: w_port_1, type: write, bandwidth_max: 8, allocation: ['I2, fh']}
    served_dimensions: []
  dram:
    size: 4096
    r_bw: 64
    w_bw: 64
    min_r_granularity: 16
    min_w_granularity: 16
    r_cost: 700
    w_cost: 750
    r_port: 0
    w_port: 0
    rw_port: 1
    operands: [I1, I2, O]
    ports:
    - {fh: rw_port_1, tl: rw_port_1}
    - {fh: rw_port_1, tl: rw_port_1}
    - {fh: rw_port_1, tl: rw_port_1, fl: rw_port_1, th: rw_port_1}
    served_dimensions: [D1, D2]
`;

const TOP = `clock: 400
static_energy: 12.5
padded_macs: skip
vector_unit: {lanes: 16, operations_per_cycle: 0.5, unit_energy: 0.03}
`;
const stated = (top: string, array: string, reg: string, dram: string): string =>
  BARE.replace("name: tiny\n", `name: tiny\n${top}`)
    .replace("  unit_area: 1\n", `  unit_area: 1\n${array}`)
    .replace("    area: 0\n", reg)
    .replace("    size: 4096\n", `    size: 4096\n${dram}`);
const FULL = stated(
  TOP,
  "  area: 1.5\n",
  "    area: 0.001\n    static_energy: 0.25\n    burst: 8\n    layout: C\n",
  "    area: 30\n    static_energy: 0\n    burst: 512\n    layout: C/16 H W C%16\n",
);

const read = (text: string): Accelerator => readAccelerator(text, "a.yaml").accelerator;
const diagnosticsOf = (text: string): readonly Diagnostic[] => {
  try {
    return readAccelerator(text, "a.yaml").diagnostics;
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics;
    throw error;
  }
};

describe("numbers that nothing can be worked out with", () => {
  test.each`
    top                                                                        | message
    ${"vector_unit: {lanes: 1, operations_per_cycle: 1e-300, unit_energy: 1}"} | ${"found 1e-300; expected at least 0.000001"}
    ${"vector_unit: {lanes: 1, operations_per_cycle: 0, unit_energy: 1}"}      | ${"found 0; expected at least 0.000001"}
    ${"vector_unit: {lanes: 1, operations_per_cycle: 1, unit_energy: .inf}"}   | ${"found Infinity; expected a finite number from 0 to 1000000000000"}
    ${"clock: 1e-300"}                                                         | ${"found 1e-300; expected at least 0.000001"}
    ${"clock: .inf"}                                                           | ${"found Infinity; expected a finite number from 0.000001 to 1000000000000"}
    ${"static_energy: .nan"}                                                   | ${"found NaN; expected a finite number from 0 to 1000000000000"}
  `("are refused with the range and the place: $top", ({ top, message }) => {
    const [first, ...others] = diagnosticsOf(BARE.replace("name: tiny\n", `name: tiny\n${top}\n`));
    expect(others).toEqual([]);
    expect(first).toMatchObject({ code: "wrong-value", severity: "error", message });
    expect(first!.where).toMatchObject({ file: "a.yaml", line: 2 + BARE.split("\n").indexOf("name: tiny") });
  });

  test.each([".inf", "1e400", "1e308"])("an access of %s pJ", (energy) => {
    const [first] = diagnosticsOf(BARE.replace("r_cost: 700", `r_cost: ${energy}`));
    expect(first).toMatchObject({ code: "wrong-value", message: expect.stringContaining("1000000000000") });
    expect(first!.where).toMatchObject({ line: 1 + BARE.split("\n").findIndex((line) => /r_cost: 700/.test(line)) });
  });
});

describe("optional fields of an accelerator", () => {
  it("are read where they are stated", () => {
    const { array, memories, vectorUnit, staticEnergy, clock, paddedMacs } = read(FULL);
    expect({ vectorUnit, staticEnergy, clock, paddedMacs }).toEqual({
      vectorUnit: { lanes: 16, operationsPerCycle: 0.5, operationEnergy: 0.03 },
      staticEnergy: 12.5,
      clock: 400,
      paddedMacs: "skip",
    });
    expect(array.area).toBe(1.5);
    expect(memories.map(({ area, staticEnergy: own, burst }) => ({ area, own, burst }))).toEqual([
      { area: 0.001, own: 0.25, burst: 8 },
      { area: 30, own: 0, burst: 512 },
    ]);
    expect(memories.map(({ layout }) => layout)).toEqual([
      [{ axis: "C", part: "whole" }],
      [
        { axis: "C", part: "blocks", block: 16 },
        { axis: "H", part: "whole" },
        { axis: "W", part: "whole" },
        { axis: "C", part: "within", block: 16 },
      ],
    ]);
  });

  it("change nothing else", () => {
    const { vectorUnit: _v, staticEnergy: _s, clock: _c, paddedMacs: _p, ...rest } = read(FULL);
    const { area: _a, ...array } = rest.array;
    const memories = rest.memories.map(({ staticEnergy: _1, area: _2, burst: _3, layout: _4, ...memory }) => memory);
    expect({ ...rest, array, memories }).toStrictEqual(read(BARE));
  });

  const builtIn = new URL("../../../architectures/", import.meta.url);
  const files = readdirSync(builtIn).filter((file) => file.endsWith(".yaml"));
  test.each(files)("leave no trace where they are not stated: %s", (file) => {
    const { array, memories, ...rest } = read(readFileSync(new URL(file, builtIn), "utf8"));
    expect(Object.keys(rest).sort()).toEqual(["dataflows", "loc", "name"]);
    expect(Object.keys(array)).toEqual(["dims", "macEnergy"]);
    for (const memory of memories)
      expect(Object.keys(memory).sort()).toEqual(
        ["id", "latency", "operands", "ports", "readEnergy", "served", "size", "writeEnergy"].sort(),
      );
  });
});

describe("a wrong optional field is refused where it is wrong", () => {
  test.each`
    from              | to                                                         | expected                                                 | why
    ${"name: tiny\n"} | ${"name: tiny\nclock: 0\n"}                                | ${"wrong-value 2:8"}                                     | ${"no clock"}
    ${"name: tiny\n"} | ${"name: tiny\nclock: -400\n"}                             | ${"wrong-value 2:8"}                                     | ${"negative clock"}
    ${"name: tiny\n"} | ${"name: tiny\nclock: .inf\n"}                             | ${"wrong-value 2:8"}                                     | ${"infinite clock"}
    ${"name: tiny\n"} | ${"name: tiny\nclock: .nan\n"}                             | ${"wrong-value 2:8"}                                     | ${"a clock that is no number"}
    ${"name: tiny\n"} | ${"name: tiny\nclock: 400 MHz\n"}                          | ${"wrong-value 2:8"}                                     | ${"a text for a number"}
    ${"name: tiny\n"} | ${"name: tiny\nclock:\n"}                                  | ${"wrong-value 2:7"}                                     | ${"nothing"}
    ${"name: tiny\n"} | ${"name: tiny\nclok: 400\n"}                               | ${"unknown-key 2:1"}                                     | ${"misspelt field"}
    ${"name: tiny\n"} | ${"name: tiny\nstatic_energy: -1\n"}                       | ${"wrong-value 2:16"}                                    | ${"negative static energy"}
    ${"name: tiny\n"} | ${"name: tiny\nstatic_energy: 1e300\n"}                    | ${"wrong-value 2:16"}                                    | ${"a sum that would not be finite"}
    ${"name: tiny\n"} | ${"name: tiny\npadded_macs: none\n"}                       | ${"wrong-value 2:14"}                                    | ${"neither run nor skip"}
    ${"name: tiny\n"} | ${"name: tiny\npadded_macs: true\n"}                       | ${"wrong-value 2:14"}                                    | ${"a truth value"}
    ${"name: tiny\n"} | ${"name: tiny\nvector_unit: 16\n"}                         | ${"wrong-value 2:14"}                                    | ${"lanes alone"}
    ${"name: tiny\n"} | ${`name: tiny\n${TOP.replace("lanes: 16", "lanes: 1.5")}`} | ${"wrong-value 5:22"}                                    | ${"half a lane"}
    ${"name: tiny\n"} | ${`name: tiny\n${TOP.replace("lanes: 16", "lanes: 0")}`}   | ${"wrong-value 5:22"}                                    | ${"no lane"}
    ${"name: tiny\n"} | ${`name: tiny\n${TOP.replace("cycle: 0.5", "cycle: 0")}`}  | ${"wrong-value 5:48"}                                    | ${"no operation"}
    ${"name: tiny\n"} | ${`name: tiny\n${TOP.replace(", unit_energy: 0.03", "")}`} | ${"missing-key 5:14"}                                    | ${"operations of no known energy"}
    ${"name: tiny\n"} | ${`name: tiny\n${TOP.replace("unit_energy", "energy")}`}   | ${"missing-key 5:14; unknown-key 5:53"}                  | ${"misspelt field of the vector unit"}
    ${"unit_area: 1"} | ${"area: 0"}                                               | ${"wrong-value 4:9"}                                     | ${"array without area"}
    ${"area: 0\n"}    | ${"area: -1\n"}                                            | ${"wrong-value 12:11"}                                   | ${"negative area"}
    ${"area: 0\n"}    | ${"burst: 0\n"}                                            | ${"wrong-value 12:12"}                                   | ${"burst of nothing"}
    ${"area: 0\n"}    | ${"burst: 4.5\n"}                                          | ${"wrong-value 12:12"}                                   | ${"half a bit"}
    ${"area: 0\n"}    | ${"burst: 12\n"}                                           | ${"burst-against-granularity 12:12"}                     | ${"burst of one and a half words"}
    ${"size: 4096\n"} | ${"size: 4096\n    burst: 8\n"}                            | ${"burst-against-granularity 20:12"}                     | ${"burst below the smallest transfer"}
    ${"area: 0\n"}    | ${"layout: [C, H, W]\n"}                                   | ${"wrong-value 12:13"}                                   | ${"a list for a layout"}
    ${"area: 0\n"}    | ${"layout: C/16 H W\n"}                                    | ${"wrong-layout 12:13"}                                  | ${"half a block"}
    ${"area: 0\n"}    | ${"layout: ''\n"}                                          | ${"wrong-layout 12:13"}                                  | ${"empty layout"}
    ${"area: 0\n"}    | ${"burst: 12\n    layout: Q\n"}                            | ${"burst-against-granularity 12:12; wrong-layout 13:13"} | ${"two mistakes"}
  `("$why", ({ from, to, expected }) => {
    const text = BARE.replace(from, to);
    expect(text).not.toBe(BARE);
    const found = diagnosticsOf(text);
    expect(found.map(({ code, where }) => `${code} ${where.line}:${where.column}`).join("; ")).toBe(expected);
  });

  it("says what was found and what would do", () => {
    const [fault] = diagnosticsOf(BARE.replace("area: 0\n", "burst: 12\n"));
    expect(fault?.message).toContain("12 bit");
    expect(fault?.message).toContain("'r_port_1', 8 bit");
    const [layout] = diagnosticsOf(BARE.replace("area: 0\n", "layout: N C H W\n"));
    expect(layout?.message).toBe("this is no layout: 'N' is none of the axes B, C, D, H, W, K, FZ, FY, FX");
    expect(layout?.where.field).toBe("memories.reg.layout");
  });
});

describe("docs/accelerator-file.md", () => {
  const page = readFileSync(new URL("../../../docs/accelerator-file.md", import.meta.url), "utf8");
  const [example] = [...page.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, text]) => text!);

  it("shows an accelerator that holds and states everything", () => {
    expect(diagnosticsOf(example!)).toEqual([]);
    expect(assumedNone(read(example!))).toEqual([]);
  });
});

describe("assumedNone", () => {
  it("names everything that a file may state", () => {
    const all = ["vector unit", "static energy", "clock", "area", "skipping of padded MACs", "burst", "layout (dense)"];
    expect(assumedNone(read(BARE))).toEqual(all);
    expect(assumedNone(read(FULL))).toEqual([]);
  });

  test.each`
    top                     | array | reg   | dram  | missing                      | why
    ${"padded_macs: run\n"} | ${""} | ${""} | ${""} | ${"skipping of padded MACs"} | ${"'run' is stated, not assumed"}
    ${"clock: 1\n"}         | ${""} | ${""} | ${""} | ${"clock"}                   | ${"clock"}
    ${"static_energy: 0\n"} | ${""} | ${""} | ${""} | ${"static energy"}           | ${"none is stated, not assumed"}
  `("$why", ({ top, array, reg, dram, missing }) => {
    const bare = assumedNone(read(BARE));
    expect(bare.filter((word) => !assumedNone(read(stated(top, array, reg, dram))).includes(word))).toEqual([missing]);
  });

  it("names the parts where others state it", () => {
    const text = stated("", "  area: 2\n", "    static_energy: 1\n    layout: C\n", "    burst: 64\n");
    expect(assumedNone(read(text))).toEqual([
      "vector unit",
      "static energy of array, dram",
      "clock",
      "area of reg, dram",
      "skipping of padded MACs",
      "burst of reg",
      "layout (dense) of dram",
    ]);
  });
});

describe("sums over the machine", () => {
  it("count every instance of a memory", () => {
    expect(totalArea(read(FULL))).toBeCloseTo(1.5 + 8 * 0.001 + 30, 12);
    expect(totalStaticEnergy(read(FULL))).toBeCloseTo(12.5 + 8 * 0.25 + 0, 12);
  });

  it("hold what is stated, and are absent where nothing is", () => {
    expect(totalArea(read(stated("", "", "", "    area: 3\n")))).toBe(3);
    expect(totalStaticEnergy(read(stated("", "", "    static_energy: 0.5\n", "")))).toBe(4);
    expect(totalArea(read(BARE))).toBeUndefined();
    expect(totalStaticEnergy(read(BARE))).toBeUndefined();
  });
});
