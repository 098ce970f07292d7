import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it, test } from "vitest";
import type { PointNumbers, SweepLine } from "../../src/ir/sweep.js";
import { ENTRY, kerf, scratchFolder } from "../support/cli.js";
import { tinyWorkload } from "../support/tiny-workload.js";

const scratch = scratchFolder();
afterAll(() => rmSync(scratch, { recursive: true }));
const model = tinyWorkload(scratch);
const place = (name: string): string => join(scratch, name);

const BASE = ["explore", model, "--arch", "meta-prototype-df", "--cost-model", "defines", "--jobs", "1"];
/** Without the number of workers, which merging and shards of others do not take. */
const SWEEP = ["explore", model, "--arch", "meta-prototype-df", "--cost-model", "defines"];
const AXES = ["--tiles", "3,5,12x4,12,full", "--stacks", "auto", "--stacks", "per-layer"];
const GRID = [...BASE, ...AXES];

const sortedLines = (file: string): readonly string[] => readFileSync(file, "utf8").trimEnd().split("\n").sort();
const parsed = (text: string): readonly SweepLine[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as SweepLine);
const numbersOf = (line: SweepLine): PointNumbers => {
  if ("infeasible" in line) throw new Error(`point ${line.index} is infeasible`);
  return line;
};

function run(...args: readonly string[]) {
  const { status, stdout, stderr } = kerf(args);
  expect({ status, stderr: stderr.replaceAll(/^.*info\[.*\n( {2}hint.*\n)?/gm, "") }).toEqual({
    status: 0,
    stderr: "",
  });
  return { stdout, stderr };
}

/** Runs a task of a job array without a cluster. */
function runTask(script: string, environment: Readonly<Record<string, string>>) {
  const env = { ...process.env, ...environment };
  const { status, stderr } = spawnSync("bash", [script], { env, cwd: scratch, encoding: "utf8" });
  return { status, stderr };
}

/**
 * One sweep that the other tests compare with, in 3 modes: 3 × 2 tiles of one stack with 12 × 12 outputs, where 12 and full are one
 * height, and 3 × 3 of three stacks, the largest with 16 × 16.
 */
const COUNT = 3 * (3 * 2 + 3 * 3);
const whole = place("whole.ndjson");
const { stdout: table } = run(...GRID, "--out", whole);

describe("the lines", () => {
  const lines = parsed(readFileSync(whole, "utf8"));

  it("are one per distinct point, numbered", () => {
    expect(lines).toHaveLength(COUNT);
    expect(lines.map(({ index }) => index).sort((a, b) => a - b)).toEqual(lines.map((_, index) => index));
    expect(new Set(lines.map(({ point }) => JSON.stringify(point))).size).toBe(lines.length);
    expect(new Set(lines.map(({ key }) => key)).size).toBe(lines.length);
  });

  it.each([0, 17, 44])("line %s has the numbers of a schedule", (index) => {
    const line = lines.find((candidate) => candidate.index === index)!;
    const { tile, overlap, stacks } = line.point;
    const choices = ["--tile", `${tile.width}x${tile.height}`, "--overlap", overlap, "--stacks", stacks];
    const { stdout } = run(
      "schedule",
      model,
      "--arch",
      "meta-prototype-df",
      "--cost-model",
      "defines",
      ...choices,
      "--json",
    );
    const { totals, memories } = JSON.parse(stdout);
    const { energyPj, latencyCycles, peakBits, peakBitsByMemory, dramBits } = numbersOf(line);
    expect({ energyPj, latencyCycles, peakBitsByMemory }).toEqual({
      energyPj: totals.energyPj,
      latencyCycles: totals.latencyCycles,
      peakBitsByMemory: totals.peakBits,
    });
    const onChip = Object.entries<number>(totals.peakBits).filter(([id]) => id !== "dram");
    expect(peakBits).toBe(onChip.reduce((sum, [, bits]) => sum + bits, 0));
    const { wordBits } = memories.find(({ id }: { readonly id: string }) => id === "dram");
    expect(dramBits).toBe((totals.accesses.dram.read + totals.accesses.dram.write) * wordBits);
  });

  it("are the same whoever computes them", () => {
    run(...GRID, "--jobs", "2", "--out", place("two.ndjson"));
    expect(sortedLines(place("two.ndjson"))).toEqual(sortedLines(whole));
  });

  it("are all of stdout with --json", () => {
    expect(
      run(...GRID, "--json")
        .stdout.trimEnd()
        .split("\n")
        .sort(),
    ).toEqual(sortedLines(whole));
    expect(
      run(...GRID, "--out", "-")
        .stdout.trimEnd()
        .split("\n")
        .sort(),
    ).toEqual(sortedLines(whole));
  });

  it("have other keys for other rules, machines and models, and the same for other company", () => {
    const keys = (...args: readonly string[]) =>
      parsed(run(...BASE, "--tiles", "5x4", ...args, "--json").stdout).map(({ key }) => key);
    const known = lines.map(({ key }) => key);
    for (const key of keys("--overlaps", "recompute")) expect(known).toContain(key);
    const others = [
      ["--loop-limit", "5"],
      ["--arch", "tpu-like-df"],
      ["--vary", "operational_array.unit_energy=1"],
    ];
    for (const args of others) for (const key of keys(...args)) expect(known).not.toContain(key);
  });
});

describe("shards", () => {
  const files = [1, 2, 3].map((shard) => place(`part.${shard}-of-3.ndjson`));
  const parts = files.map((file, n) => run(...GRID, "--shard", `${n + 1}/3`, "--out", file));
  const merged = place("merged.ndjson");

  it("merge to the whole, in the order of the points, from files in any order", () => {
    expect(parts).toHaveLength(3);
    run("explore", "--merge", ...files.toReversed(), "--out", merged);
    const lines = readFileSync(merged, "utf8");
    expect(parsed(lines).map(({ index }) => index)).toEqual(parsed(lines).map((_, index) => index));
    expect(sortedLines(merged)).toEqual(sortedLines(whole));
  });

  it("merge to the same when the sweep is stated, and the summary is that of the whole", () => {
    const { stdout } = run(...SWEEP, ...AXES, "--merge", ...files, "--out", merged);
    expect(sortedLines(merged)).toEqual(sortedLines(whole));
    expect(stdout).toBe(table);
  });

  it("may overlap: each line is written once", () => {
    const { stderr } = run("explore", "--merge", ...files, whole, "--out", merged);
    expect(stderr).toContain("info[duplicate-results]: 45 lines stood there more than once");
    expect(sortedLines(merged)).toEqual(sortedLines(whole));
  });

  test.each`
    what                            | args                                                | message
    ${"a missing shard, by name"}   | ${["--merge", files[0], files[2]]}                  | ${"missing-shard]: shard 2/3 is missing, all 15 points of it"}
    ${"a missing shard, by number"} | ${["--merge", files[0], files[1], "--shards", "3"]} | ${"missing-shard]: shard 3/3 is missing"}
    ${"a file that is not there"}   | ${["--merge", place("part.4-of-3.ndjson")]}         | ${"did you mean"}
    ${"a file of something else"}   | ${["--merge", model]}                               | ${"tiny.workload.yaml:1: error[bad-result-line]"}
  `("report $what", ({ args, message }) => {
    const { status, stderr } = kerf(["explore", ...args, "--out", place("never.ndjson")]);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(message) });
    expect(existsSync(place("never.ndjson"))).toBe(false);
  });

  it("that disagree are refused", () => {
    const changed = place("changed.ndjson");
    writeFileSync(changed, readFileSync(files[0]!, "utf8").replace(/"energyPj":\d/, '"energyPj":9'));
    const { status, stderr } = kerf(["explore", "--merge", ...files, changed]);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining("error[conflicting-results]") });
  });

  it("of different sweeps are refused", () => {
    const other = place("other.ndjson");
    run(...BASE, "--tiles", "5x4", "--out", other);
    const { status, stderr } = kerf(["explore", "--merge", ...files, other]);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining("belongs to another sweep than") });
  });

  it("that were torn miss a point", () => {
    const torn = place("torn.2-of-3.ndjson");
    writeFileSync(torn, readFileSync(files[1]!, "utf8").slice(0, -20));
    const { status, stderr } = kerf(["explore", "--merge", files[0]!, torn, files[2]!]);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringMatching(/the last line was not written[\s\S]*shard 2\/3 is incomplete: 1 of its 15 points/),
    });
  });
});

describe("--resume", () => {
  const file = place("resumed.ndjson");

  it.each([0, 700, 9000])("goes on after %s bytes", (bytes) => {
    writeFileSync(file, readFileSync(whole).subarray(0, bytes));
    const { stdout } = run(...GRID, "--out", file, "--resume");
    expect(sortedLines(file)).toEqual(sortedLines(whole));
    expect(stdout).toBe(table);
  });

  it("starts where there is nothing yet, and has nothing to do at the end", () => {
    rmSync(file, { force: true });
    run(...GRID, "--out", file, "--resume");
    expect(sortedLines(file)).toEqual(sortedLines(whole));
    const before = readFileSync(file);
    run(...GRID, "--out", file, "--resume");
    expect(readFileSync(file)).toEqual(before);
  });

  test.each`
    what                | args                           | spoil                                                       | message
    ${"other rules"}    | ${["--loop-limit", "5"]}       | ${(text: string) => text}                                   | ${"error[other-inputs]: holds results of another sweep"}
    ${"another grid"}   | ${["--overlaps", "recompute"]} | ${(text: string) => text}                                   | ${"error[other-inputs]"}
    ${"another shard"}  | ${["--shard", "1/2"]}          | ${(text: string) => text}                                   | ${"which does not belong to shard 1/2"}
    ${"something else"} | ${[]}                          | ${() => "hello\n"}                                          | ${":1: error[bad-result-line]"}
    ${"a spoilt line"}  | ${[]}                          | ${(text: string) => text.replace('"width":5', '"width":4')} | ${"is not what this sweep has at that number"}
  `("refuses a file of $what, and leaves it as it is", ({ args, spoil, message }) => {
    const before = spoil(readFileSync(whole, "utf8"));
    writeFileSync(file, before);
    const { status, stderr } = kerf([...GRID, "--out", file, "--resume", ...args]);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(message) });
    expect(readFileSync(file, "utf8")).toBe(before);
  });
});

describe("--cache", () => {
  const cache = place("cache");

  it("gives the same lines, and saves the work", () => {
    run(...GRID, "--cache", cache, "--out", place("first.ndjson"));
    run(...GRID, "--cache", cache, "--out", place("second.ndjson"), "--jobs", "2");
    expect(sortedLines(place("first.ndjson"))).toEqual(sortedLines(whole));
    expect(sortedLines(place("second.ndjson"))).toEqual(sortedLines(whole));
  });

  it("computes damaged entries again and says so", () => {
    const entries = readdirSync(cache, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));
    expect(entries).toHaveLength(COUNT);
    for (const entry of entries.slice(0, 5)) appendFileSync(join(cache, entry), "x");
    const { status, stderr } = kerf([...GRID, "--cache", cache, "--out", place("third.ndjson")]);
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringContaining("warning[cache-damaged]: 5 entries"),
    });
    expect(sortedLines(place("third.ndjson"))).toEqual(sortedLines(whole));
    run(...GRID, "--cache", cache, "--json");
  });

  it("is shared by sweeps that overlap", () => {
    run(...BASE, "--tiles", "5,7x4", "--cache", cache, "--json");
    expect(
      readdirSync(cache, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json")),
    ).toHaveLength(COUNT + 3);
  });
});

describe("--vary and several machines", () => {
  it("try every combination", () => {
    const found = parsed(
      run(
        ...["explore", model, "--arch", "meta-prototype-df,tpu-like-df", "--cost-model", "defines", "--tiles", "6x6"],
        ...[
          "--vary",
          "operational_array.unit_energy=0.1,0.2",
          "--vary",
          "memories.dram.r_cost=500,700",
          "--overlaps",
          "recompute",
          "--json",
        ],
      ).stdout,
    );
    const lines = [...found].sort((a, b) => a.index - b.index);
    const path = "operational_array.unit_energy";
    expect(lines.map(({ point }) => [point.arch, point.vary?.[path], point.vary?.["memories.dram.r_cost"]])).toEqual(
      ["meta-prototype-df", "tpu-like-df"].flatMap((arch) =>
        [0.1, 0.2].flatMap((energy) => [500, 700].map((cost) => [arch, energy, cost])),
      ),
    );
    const [cheap, dear] = [numbersOf(lines[0]!), numbersOf(lines[2]!)];
    expect(dear.energyPj).toBeGreaterThan(cheap.energyPj);
  });

  test.each`
    vary                              | message
    ${"memories.sram_64K.size=1"}     | ${"there is no 'sram_64K' for 'memories.sram_64K.size'"}
    ${"memories.sram_64KB.sise=1"}    | ${"unknown field 'sise' (with --vary memories.sram_64KB.sise=1)"}
    ${"memories.sram_64KB.size=big"}  | ${"sram_64KB.size: error[wrong-value]: found 'big'; expected a number"}
    ${"memories.sram_64KB.size=8,-8"} | ${"found -8; expected at least 1 (with --vary memories.sram_64KB.size=-8)"}
    ${"memories.sram_64KB.size"}      | ${"expected <path of a field>=<value>[,…]"}
  `("refuse $vary", ({ vary, message }) => {
    const { status, stderr } = kerf([...BASE, "--vary", vary]);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(message) });
  });
});

describe("the answer", () => {
  it("is a table with best points, front and maps", () => {
    for (const part of [
      "tiny on meta-prototype-df, cost model defines: 45 points",
      "best by energy",
      "Pareto front of",
      "energy [nJ] by tile, h-cached",
      "dominated",
    ]) {
      expect(table).toContain(part);
    }
  });

  it("is the front alone with --frontier, with what is excluded", () => {
    const front = place("front.ndjson");
    run(...GRID, "--frontier", "--limit", "latency<=2000", "--out", front);
    const all = parsed(readFileSync(whole, "utf8"));
    const lines = readFileSync(front, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const allowed = all.filter((line) => numbersOf(line).latencyCycles <= 2000);
    expect(allowed.length).toBeLessThan(all.length);
    const costs = (line: SweepLine) => [
      numbersOf(line).energyPj,
      numbersOf(line).latencyCycles,
      numbersOf(line).peakBits,
    ];
    const beats = (a: SweepLine, b: SweepLine) =>
      costs(a).every((cost, n) => cost <= costs(b)[n]!) && costs(a).some((cost, n) => cost < costs(b)[n]!);
    const expected = allowed.filter((line) => !allowed.some((other) => beats(other, line)));
    expect(
      lines
        .filter((line) => "point" in line)
        .map(({ index }) => index)
        .sort((a, b) => a - b),
    ).toEqual(expected.map(({ index }) => index).sort((a, b) => a - b));
    expect(lines.filter((line) => "excluded" in line).map(({ excluded }) => excluded)).toEqual([
      { by: "limit", what: "latency<=2000", points: all.length - allowed.length },
      { by: "dominated", points: allowed.length - expected.length },
    ]);
    expect(existsSync(`${front}.partial`)).toBe(false);
    run("explore", "--merge", whole, "--frontier", "--limit", "latency<=2000", "--out", place("front2.ndjson"));
    expect(readFileSync(place("front2.ndjson"), "utf8")).toBe(readFileSync(front, "utf8"));
  });

  it("is the same front with bounds, for any number of workers and after a stop; what bounds exclude is counted", () => {
    const exact = ["explore", model, "--arch", "meta-prototype-df", "--tiles", "3,6,fullx4,full"];
    const sweep = [...exact, "--stacks", "auto", "--stacks", "per-layer"];
    run(...sweep, "--out", place("every.ndjson"));
    const energies = parsed(readFileSync(place("every.ndjson"), "utf8")).map((line) => numbersOf(line).energyPj);
    const most = energies.sort((a, b) => a - b)[Math.floor(0.6 * energies.length)]!;
    const asked = ["--frontier", "--front", "energy,latency", "--limit", `energy<=${most}`];
    run(...sweep, ...asked, "--jobs", "1", "--out", place("one.ndjson"));
    const found = readFileSync(place("one.ndjson"), "utf8");
    const fronts = (text: string) => text.split("\n").filter((line) => line.includes('"point"'));
    run(
      "explore",
      "--merge",
      place("every.ndjson"),
      "--limit",
      "energy<=700000",
      ...asked,
      "--out",
      place("of.ndjson"),
    );
    expect(fronts(found)).toEqual(fronts(readFileSync(place("of.ndjson"), "utf8")));
    const excluded = found
      .trimEnd()
      .split("\n")
      .flatMap((line) => JSON.parse(line).excluded ?? []);
    expect(excluded.map(({ by, what }) => [by, what])).toEqual(
      expect.arrayContaining([
        ["bound", "energy,latency"],
        ["bound", `energy<=${most}`],
      ]),
    );
    const sum = excluded.reduce(
      (points: number, exclusion: { readonly points: number }) => points + exclusion.points,
      0,
    );
    expect(sum + fronts(found).length).toBe(sortedLines(place("every.ndjson")).length);
    run(...sweep, ...asked, "--jobs", "2", "--out", place("two.ndjson"));
    expect(readFileSync(place("two.ndjson"), "utf8")).toBe(found);
    writeFileSync(
      `${place("three.ndjson")}.partial`,
      readFileSync(place("every.ndjson"), "utf8").split("\n").slice(0, 9).join("\n"),
    );
    run(...sweep, ...asked, "--resume", "--out", place("three.ndjson"));
    expect(readFileSync(place("three.ndjson"), "utf8")).toBe(found);
    const { status, stderr } = kerf([
      ...exact,
      "--frontier",
      "--limit",
      "energy<=1",
      "--out",
      place("none-at-all.ndjson"),
    ]);
    expect({ status, stderr }).toEqual({ status: 3, stderr: expect.stringContaining("cannot be within energy<=1") });
  });

  it("is exit 3 when nothing is within the limits, with the least there is; the lines are written all the same", () => {
    const { status, stderr } = kerf([...GRID, "--limit", "latency<=1", "--out", place("none.ndjson")]);
    expect({ status, stderr }).toEqual({
      status: 3,
      stderr: expect.stringMatching(/nothing-feasible.*45 over latency<=1, of which the least is \d+/),
    });
    expect(sortedLines(place("none.ndjson"))).toEqual(sortedLines(whole));
  });

  it("is a table of all points with --csv, or of the front, whoever merges it", () => {
    const rows = (name: string) => readFileSync(place(name), "utf8").trimEnd().split("\r\n");
    const { stdout } = run(...GRID, "--csv", place("all.csv"));
    expect(stdout).toBe(table);
    const [heading, ...found] = rows("all.csv");
    expect(heading).toMatch(/^index,accelerator,.*,energy \[pJ\],latency \[cycle\],on-chip peak \[bit\],DRAM \[bit\],/);
    const lines = [...parsed(readFileSync(whole, "utf8"))].sort((a, b) => a.index - b.index);
    expect(found).toEqual(
      lines.map((line) => {
        const { arch, stacks, tile, overlap, order } = line.point;
        const { energyPj, latencyCycles, peakBits, dramBits } = numbersOf(line);
        const point = [line.index, arch, "", stacks, tile.width, tile.height, overlap, order];
        return [...point, energyPj, latencyCycles, peakBits, dramBits, ""].join(",");
      }),
    );
    run("explore", "--merge", whole, "--csv", place("merged.csv"));
    expect(rows("merged.csv")).toEqual(rows("all.csv"));
    const { stdout: front } = run(...GRID, "--frontier", "--json", "--csv", place("front.csv"));
    const members = front.split("\n").filter((line) => line.includes('"point"'));
    expect(
      rows("front.csv")
        .slice(1)
        .map((row) => Number(row.split(",")[0])),
    ).toEqual(members.map((line) => JSON.parse(line).index).sort((a, b) => a - b));
  });

  it("says which points have no schedule, and goes on", () => {
    const { stdout } = run(...BASE, "--tiles", "5x4", "--vary", "memories.dram.size=2048,10000000000", "--json");
    const lines = [...parsed(stdout)].sort((a, b) => a.index - b.index);
    expect(lines.map((line) => ("infeasible" in line ? line.infeasible[0]?.code : "feasible"))).toEqual([
      ...["layer-does-not-fit", "layer-does-not-fit", "layer-does-not-fit"],
      ...["feasible", "feasible", "feasible"],
    ]);
    expect(lines[0]).toMatchObject({
      infeasible: [{ message: expect.stringContaining("memory 'dram' holds 2048 bit") }],
    });
  });
});

describe("a wrong command line is exit 2 with a way out", () => {
  test.each`
    args                                        | message
    ${["--tiles", "4"]}                         | ${"--tiles: error[bad-option-value]: found '4', expected <w,…>x<h,…>"}
    ${["--overlaps", "cached"]}                 | ${"--overlaps: error[bad-option-value]: found 'cached', expected all, or a list of"}
    ${["--objective", "speed"]}                 | ${"expected energy, latency, edp, dram, peak"}
    ${["--objective", "peak:sram"]}             | ${"accelerator 'meta-prototype-df' has no memory 'sram'"}
    ${["--front", "energy,speed"]}              | ${"--front: error[bad-option-value]: found 'energy,speed', expected one to three of energy, latency"}
    ${["--front", "energy,edp,dram,peak"]}      | ${"--front: error[bad-option-value]"}
    ${["--csv", model]}                         | ${"output-is-input"}
    ${["--csv", "-"]}                           | ${"--csv: error[bad-option-value]"}
    ${["--limit", "latency<5"]}                 | ${"--limit: error[bad-option-value]"}
    ${["--jobs", "0"]}                          | ${"--jobs: error[bad-option-value]"}
    ${["--shard", "4/3"]}                       | ${"--shard: error[bad-option-value]: found '4/3'"}
    ${["--order", "y-first"]}                   | ${"order-unsupported"}
    ${["--stacks", "layer9"]}                   | ${"there is no layer 'layer9' to cut after"}
    ${["--resume"]}                             | ${"--resume: error[missing-option]: needs --out <file>"}
    ${["--emit", "slurm"]}                      | ${"--emit: error[missing-option]: needs --shards <n>"}
    ${["--shards", "3"]}                        | ${"--shards: error[missing-option]: needs --emit slurm or --merge"}
    ${["--shards", "3", "--emit", "lsf"]}       | ${"--emit: error[bad-option-value]: found 'lsf', expected slurm"}
    ${["--shard", "1/3", "--frontier"]}         | ${"--shard: error[conflicting-options]"}
    ${["--arch", "tpu-like,tpu_like"]}          | ${"two accelerators are named 'tpu-like'"}
    ${["--vary", "name=a", "--vary", "name=b"]} | ${"'name' is varied twice"}
    ${["--out", model]}                         | ${"output-is-input"}
    ${["--pipeline-copies"]}                    | ${"exact-only"}
  `("$args", ({ args, message }) => {
    const { status, stderr, stdout } = kerf([...BASE, ...args]);
    expect({ status, stderr, stdout }).toEqual({ status: 2, stderr: expect.stringContaining(message), stdout: "" });
  });

  it("without a model", () => {
    const { status, stderr } = kerf(["explore", "--arch", "tpu-like"]);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining("<model>: error[missing-option]"),
    });
  });
});

describe("--emit slurm", () => {
  it("writes a job array whose tasks repeat the sweep", () => {
    const { stdout } = run(...SWEEP, ...AXES, "--limit", "latency<=5", "--shards", "3", "--emit", "slurm");
    expect(stdout).toContain("#SBATCH --array=1-3\n");
    expect(stdout).toContain("A sweep of 45 points in 3 shards");
    expect(stdout).toContain("--limit 'latency<=5'");
  });

  it("whose tasks give the shards, and whose merge gives the whole", () => {
    const script = place("job.sh");
    run(...SWEEP, ...AXES, "--shards", "2", "--emit", "slurm", "--out", script);
    for (const shard of ["1", "2"]) {
      const task = runTask(script, { SHARD: shard, KERF: `${process.execPath} ${ENTRY}` });
      expect(task).toEqual({ status: 0, stderr: "" });
    }
    run("explore", "--merge", place("job.1-of-2.ndjson"), place("job.2-of-2.ndjson"), "--out", place("job.ndjson"));
    expect(sortedLines(place("job.ndjson"))).toEqual(sortedLines(whole));
  });
});

it("Ctrl-C prints what is known and exits 130", async () => {
  const file = place("stopped.ndjson");
  const child = spawn(process.execPath, [ENTRY, ...BASE, "--tiles", "all", "--out", file]);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (text) => (stdout += text));
  child.stderr.on("data", (text) => (stderr += text));
  const closed = new Promise((resolve) => child.on("close", resolve));
  while (!existsSync(file) || readFileSync(file).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill("SIGINT");
  expect(await closed).toBe(130);
  expect(stdout).toMatch(/\d+ of 432 points[\s\S]*best by energy/);
  expect(stderr).toContain("warning[interrupted]: stopped with");
  run(...BASE, "--tiles", "all", "--out", file, "--resume");
  expect(sortedLines(file)).toHaveLength(432);
});
