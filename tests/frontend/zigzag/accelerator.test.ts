import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { readAccelerator } from "../../../src/frontend/zigzag/accelerator.js";
import { type Diagnostic, DiagnosticError } from "../../../src/ir/diagnostics.js";

/** One register per operand under one shared memory, in the present generation of the schema. */
const PRESENT = `name: tiny
memories:
  rf_w:
    size: 8
    r_cost: 0.01
    w_cost: 0.02
    area: 0
    latency: 1
    operands: [I2]
    ports:
    - {name: r_port_1, type: read, bandwidth_max: 8, allocation: ['I2, tl']}
    - {name: w_port_1, type: write, bandwidth_max: 8, allocation: ['I2, fh']}
    served_dimensions: [D2]
  dram:
    size: 4096
    r_cost: 700
    w_cost: 750
    operands: [I1, I2, O]
    ports:
    - name: rw_port_1
      type: read_write
      bandwidth_min: 16
      bandwidth_max: 64
      allocation: ['O, th', 'O, tl', 'O, fl', 'O, fh', 'I2, tl', 'I1, fh', 'I1, tl', 'I2, fh']
    served_dimensions: [D1, D2]
operational_array:
  unit_energy: 0.04
  dimensions: [D1, D2]
  sizes: [4, 2]
`;

/** The same machine as an earlier generation would write it. */
const COUNTED = `name: tiny
memories:
  rf_w:
    size: 8
    r_bw: 8
    w_bw: 8
    r_cost: 0.01
    w_cost: 0.02
    area: 0
    r_port: 1
    w_port: 1
    rw_port: 0
    latency: 1
    operands: [I2]
    ports:
      - fh: w_port_1
        tl: r_port_1
    served_dimensions: [D2]
  dram:
    size: 4096
    r_bw: 64
    w_bw: 64
    r_cost: 700
    w_cost: 750
    area: 0
    r_port: 0
    w_port: 0
    rw_port: 1
    latency: 1
    min_r_granularity: 16
    min_w_granularity: 16
    operands: [I1, I2, O]
    ports:
      - {fh: rw_port_1, tl: rw_port_1}
      - {fh: rw_port_1, tl: rw_port_1}
      - {fh: rw_port_1, tl: rw_port_1, fl: rw_port_1, th: rw_port_1}
    served_dimensions: [D1, D2]
multipliers:
  input_precision: [8, 8]
  multiplier_energy: 0.04
  multiplier_area: 1
  dimensions: [D1, D2]
  sizes: [4, 2]
`;

const diagnosticsOf = (text: string): readonly Diagnostic[] => {
  try {
    return readAccelerator(text, "a.yaml").diagnostics;
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics;
    throw error;
  }
};
const brief = ({ code, where }: Diagnostic) => `${code} ${where.line}:${where.column}`;

describe("readAccelerator", () => {
  const { accelerator } = readAccelerator(PRESENT, "a.yaml");
  const [register, dram] = accelerator.memories;

  it("counts the levels of each operand upwards", () => {
    expect(register?.operands).toEqual([{ operand: "I2", level: 0 }]);
    expect(dram?.operands).toEqual([
      { operand: "I1", level: 0 },
      { operand: "I2", level: 1 },
      { operand: "O", level: 0 },
    ]);
  });

  it("lists services by operand, then fh tl fl th, whatever the file's order", () => {
    const services = dram?.ports[0]?.services.map(({ operand, direction }) => `${operand} ${direction}`);
    expect(services).toEqual(["I1 fh", "I1 tl", "I2 fh", "I2 tl", "O fh", "O tl", "O fl", "O th"]);
  });

  it("takes the port's width as the smallest transfer where none is given", () => {
    expect(register?.ports.map(({ granularity }) => granularity)).toEqual([8, 8]);
    expect(dram?.ports.map(({ granularity, bandwidth }) => [granularity, bandwidth])).toEqual([[16, 64]]);
  });

  it("reads both generations of the schema alike", () => {
    expect(readAccelerator(COUNTED, "a.yaml")).toEqual(readAccelerator(PRESENT, "a.yaml"));
  });

  it("orders ports by read, write, read-write and array dimensions by number", () => {
    const text = PRESENT.replace(/( {4}- \{name: r_port.*\n)( {4}- \{name: w_port.*\n)/, "$2$1")
      .replace("dimensions: [D1, D2]\n  sizes: [4, 2]", "dimensions: [D10, D2]\n  sizes: [4, 2]")
      .replace("[D1, D2]\noper", "[D10, D2]\noper");
    const { array, memories } = readAccelerator(text, "a.yaml").accelerator;
    expect(memories[0]?.ports.map(({ type }) => type)).toEqual(["read", "write"]);
    expect(array.dims).toEqual([
      { name: "D2", size: 2 },
      { name: "D10", size: 4 },
    ]);
  });

  it("reads dataflows as a list of mappings or as one bare mapping", () => {
    const list =
      "dataflows:\n- name: Conv\n  spatial_mapping: {D2: ['C, 2'], D1: ['K, 4']}\n  memory_operand_links: {O: O, W: I2, I: I1}\n";
    const unrolling = [
      { arrayDim: "D1", dim: "K", size: 4 },
      { arrayDim: "D2", dim: "C", size: 2 },
    ];
    const links = { O: "O", W: "I2", I: "I1" };
    expect(readAccelerator(PRESENT + list, "a.yaml").accelerator.dataflows).toEqual([
      { name: "Conv", unrolling, links },
    ]);
    const bare = "dataflows: {D1: ['K, 4'], D2: ['C, 2']}\n";
    expect(readAccelerator(PRESENT + bare, "a.yaml").accelerator.dataflows).toEqual([
      { name: "default", unrolling, links },
    ]);
  });

  it("lets the last of two equal keys count, with a warning", () => {
    const text = PRESENT.replace("    latency: 1\n", "    latency: 1\n    latency: 7\n");
    const { accelerator: read, diagnostics } = readAccelerator(text, "a.yaml");
    expect(read.memories[0]?.latency).toBe(7);
    expect(diagnostics.map((d) => `${brief(d)} ${d.severity}`)).toEqual(["duplicate-key 9:5 warning"]);
    expect(diagnostics[0]?.message).toContain("'latency'");
  });

  it("follows aliases and merges", () => {
    const text = PRESENT.replace("ports:\n    - {", "ports:\n    - &r {").replace(
      "{name: w_port_1, type: write, bandwidth_max: 8,",
      "{<<: *r, name: w_port_1, type: write,",
    );
    expect(readAccelerator(text, "a.yaml")).toEqual(readAccelerator(PRESENT, "a.yaml"));
  });
});

describe("a wrong accelerator is refused where it is wrong", () => {
  test.each`
    from                         | to                                       | expected                                               | why
    ${"name: tiny\n"}            | ${""}                                    | ${"missing-key 1:1"}                                   | ${"no name"}
    ${"size: 8"}                 | ${"size: -8"}                            | ${"wrong-value 4:11"}                                  | ${"negative size"}
    ${"size: 8"}                 | ${"size: 8.5"}                           | ${"wrong-value 4:11"}                                  | ${"half a bit"}
    ${"size: 8"}                 | ${"size: 8 KB"}                          | ${"wrong-value 4:11"}                                  | ${"a text for a number"}
    ${"size: 8"}                 | ${"size: .inf"}                          | ${"wrong-value 4:11"}                                  | ${"infinite size"}
    ${"size: 8"}                 | ${"sise: 8"}                             | ${"missing-key 4:5; unknown-key 4:5"}                  | ${"misspelt field"}
    ${"    size: 8\n"}           | ${""}                                    | ${"missing-key 4:5"}                                   | ${"no size"}
    ${"r_cost: 0.01"}            | ${"r_cost: -1"}                          | ${"wrong-value 5:13"}                                  | ${"negative energy"}
    ${"r_cost: 0.01"}            | ${"auto_cost_extraction: true"}          | ${"no-access-cost 4:5"}                                | ${"cost from another program"}
    ${"operands: [I2]"}          | ${"operands: [I3]"}                      | ${"wrong-value 9:16"}                                  | ${"unknown operand"}
    ${"operands: [I2]"}          | ${"operands: []"}                        | ${"wrong-value 9:15"}                                  | ${"memory for nothing"}
    ${"operands: [I2]"}          | ${"operands: [I2, I2]"}                  | ${"repeated-name 9:20"}                                | ${"operand twice"}
    ${"['I2, tl']"}              | ${"['I1, tl']"}                          | ${"operand-not-held 11:67; direction-not-served 11:5"} | ${"port for an operand that is not there"}
    ${"['I2, tl']"}              | ${"['I2, xx']"}                          | ${"wrong-value 11:67"}                                 | ${"unknown direction"}
    ${"['I2, tl']"}              | ${"['I2, tl', 'I2, tl']"}                | ${"direction-served-twice 11:77"}                      | ${"direction twice"}
    ${"['I2, tl']"}              | ${"[]"}                                  | ${"direction-not-served 11:5"}                         | ${"no read"}
    ${"['I2, fh']"}              | ${"['I2, fh', 'I2, th']"}                | ${"port-against-direction 12:78"}                      | ${"read through a write port"}
    ${"name: w_port_1"}          | ${"name: r_port_1"}                      | ${"repeated-name 12:14; port-against-direction 12:68"} | ${"two ports of one name"}
    ${"bandwidth_min: 16"}       | ${"bandwidth_min: 65"}                   | ${"granularity-above-bandwidth 20:13"}                 | ${"smallest transfer above the width"}
    ${"bandwidth_min: 16"}       | ${"bandwith_min: 16"}                    | ${"unknown-key 22:7"}                                  | ${"misspelt field in a list"}
    ${"served_dimensions: [D2]"} | ${"served_dimensions: [D3]"}             | ${"unknown-array-dim 13:25"}                           | ${"served dimension that does not exist"}
    ${"served_dimensions: [D2]"} | ${"served_dimensions: [D2, D2]"}         | ${"repeated-name 13:29"}                               | ${"served twice"}
    ${"unit_energy: 0.04"}       | ${"unit_area: 1"}                        | ${"missing-key 27:3"}                                  | ${"no energy of an operation"}
    ${"unit_energy: 0.04"}       | ${"unit_energy: 0.04\n  is_imc: true"}   | ${"in-memory-compute 28:11"}                           | ${"in-memory computing"}
    ${"  dimensions: [D1, D2]"}  | ${"  dimensions: [D1, D1]"}              | ${"repeated-name 28:20"}                               | ${"array dimension twice"}
    ${"sizes: [4, 2]"}           | ${"sizes: [4]"}                          | ${"array-sizes 29:10"}                                 | ${"a size too few"}
    ${"sizes: [4, 2]"}           | ${"sizes: [4, 0]"}                       | ${"wrong-value 29:14"}                                 | ${"empty dimension"}
    ${"operational_array:"}      | ${"operational_arrays:"}                 | ${"unknown-key 26:1; no-array 1:1"}                    | ${"misspelt array"}
    ${"operational_array:"}      | ${"multipliers: {}\noperational_array:"} | ${"two-arrays 26:1"}                                   | ${"two arrays"}
    ${"  rf_w:"}                 | ${"  7:"}                                | ${"wrong-value 3:3"}                                   | ${"a number for a name"}
    ${"  rf_w:"}                 | ${"  __proto__:"}                        | ${"reserved-key 3:3"}                                  | ${"a reserved name"}
    ${"operands: [I1, I2, O]"}   | ${"operands: [I1, O]"}                   | ${"operand-not-held 24:56; operand-not-held 24:86"}    | ${"ports of a removed operand"}
    ${"name: tiny"}              | ${"name: tiny\n<<: 3"}                   | ${"yaml-aliases undefined:undefined"}                  | ${"a merge of no mapping"}
    ${"name: tiny"}              | ${"name: tiny\n\tx: 1"}                  | ${"yaml-syntax 2:1"}                                   | ${"tab"}
    ${"name: tiny"}              | ${"name: *tiny"}                         | ${"yaml-aliases 1:7"}                                  | ${"alias to nothing"}
    ${"name: tiny"}              | ${"name: &a [*a]"}                       | ${"yaml-aliases 1:11"}                                 | ${"alias inside its anchor"}
    ${"name: tiny"}              | ${"name: !!python/name tiny"}            | ${"yaml-tag 1:7"}                                      | ${"a tag of another language is ignored"}
  `("$why", ({ from, to, expected }) => {
    const text = PRESENT.replace(from, to);
    expect(text).not.toBe(PRESENT);
    expect(diagnosticsOf(text).map(brief).join("; ")).toBe(expected);
  });

  test.each`
    from                      | to                        | expected                    | why
    ${"        tl: r_port_1"} | ${"        tl: r_port_2"} | ${"unknown-port 17:13"}     | ${"port beyond the count"}
    ${"operands: [I2]"}       | ${"operands: [I2, I1]"}   | ${"ports-per-operand 16:7"} | ${"an operand without ports"}
    ${"r_bw: 8"}              | ${"r_bw: 0"}              | ${"wrong-value 5:11"}       | ${"no bandwidth"}
    ${"    rw_port: 0\n"}     | ${""}                     | ${"missing-key 4:5"}        | ${"no count"}
  `("earlier generation: $why", ({ from, to, expected }) => {
    expect(diagnosticsOf(COUNTED.replace(from, to)).map(brief).join("; ")).toBe(expected);
  });

  test.each`
    text                                                                             | code                        | why
    ${""}                                                                            | ${"yaml-empty"}             | ${"empty file"}
    ${"# nothing\n"}                                                                 | ${"yaml-empty"}             | ${"only a comment"}
    ${"- 1\n- 2\n"}                                                                  | ${"wrong-value"}            | ${"a list"}
    ${"just text"}                                                                   | ${"wrong-value"}            | ${"a text"}
    ${`${PRESENT}---\n${PRESENT}`}                                                   | ${"yaml-syntax"}            | ${"two documents"}
    ${"[".repeat(100_000)}                                                           | ${"yaml-too-deep"}          | ${"endless nesting"}
    ${"- ".repeat(100_000)}                                                          | ${"yaml-too-deep"}          | ${"endless nesting in blocks"}
    ${`a: &a [1,1]\n${bomb("abcdefghijklmnopq")}`}                                   | ${"yaml-aliases"}           | ${"aliases that multiply"}
    ${`a: &a 1\nb: [${"*a,".repeat(50_000)}]`}                                       | ${"yaml-aliases"}           | ${"too many aliases"}
    ${PRESENT.replace(/memories:[\s\S]*oper/, "memories: {}\noper")}                 | ${"no-memories"}            | ${"no memories"}
    ${PRESENT.replace("[I1, I2, O]", "[I2, O]").replace(", 'I1, fh', 'I1, tl'", "")} | ${"operand-without-memory"} | ${"no place for activations"}
  `("$why", ({ text, code }) => {
    expect(diagnosticsOf(text).map((d) => d.code)).toContain(code);
  });

  it("wants outputs and activations to meet at the top", () => {
    const rom = `  rom:
    size: 8
    r_cost: 1
    w_cost: 1
    operands: [I1]
    served_dimensions: []
    ports:
    - {name: p, type: read_write, bandwidth_max: 8, allocation: ['I1, fh', 'I1, tl']}
`;
    const above = diagnosticsOf(PRESENT.replace("operational_array", `${rom}operational_array`));
    expect(above.map(brief)).toEqual(["separate-tops 14:3"]);
    const below = diagnosticsOf(PRESENT.replace("  rf_w", `${rom}  rf_w`));
    expect(below).toEqual([]);
  });

  it("collects the mistakes of all memories and offers near matches", () => {
    const text = PRESENT.replace("size: 8", "sise: 8").replace("size: 4096", "size: x");
    const found = diagnosticsOf(text);
    expect(found.map(brief)).toEqual(["missing-key 4:5", "unknown-key 4:5", "wrong-value 15:11"]);
    expect(found[1]?.hint).toBe("did you mean 'size'?");
    expect(found[2]?.where).toEqual({ file: "a.yaml", line: 15, column: 11, field: "memories.dram.size" });
  });
});

function bomb(letters: string): string {
  const lines = [...letters].slice(1).map((letter, i) => `${letter}: &${letter} [*${letters[i]}, *${letters[i]}]`);
  return lines.join("\n");
}

describe("whatever the text", () => {
  const noise = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.constantFrom("[", "{", "*a", "&a ", "<<: *a", "? ", "\n", "- ", ": "),
  );
  it("is read or refused with diagnostics", () => {
    fc.assert(
      fc.property(fc.nat(PRESENT.length), fc.nat(20), noise, (at, cut, inserted) => {
        const text = PRESENT.slice(0, at) + inserted + PRESENT.slice(at + cut);
        for (const { code, message } of diagnosticsOf(text)) expect([code, message]).not.toContain("");
      }),
      { numRuns: 300 },
    );
  });
});
