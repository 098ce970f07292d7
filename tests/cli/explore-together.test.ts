/** Sweeps that meet other processes, other builds and the end of their time. */
import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ENTRY, kerf, REPOSITORY, scratchFolder } from "../support/cli.js";
import { tinyWorkload } from "../support/tiny-workload.js";

const scratch = scratchFolder();
afterAll(() => rmSync(scratch, { recursive: true }));
const model = tinyWorkload(scratch);
const place = (name: string): string => join(scratch, name);

const SWEEP = ["explore", model, "--arch", "meta-prototype-df", "--jobs", "1"];
const PUBLISHED = [...SWEEP, "--cost-model", "defines", "--tiles", "all"];
/** Takes seconds. */
const LONG = [...SWEEP, "--tiles", "all"];
const SHORT = [...SWEEP, "--tiles", "5,12x4", "--overlaps", "recompute"];

const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8") : "");
const indices = (file: string): readonly number[] =>
  textOf(file)
    .trimEnd()
    .split("\n")
    .map((line): number => JSON.parse(line).index);
const locks = (): readonly string[] => readdirSync(scratch).filter((name) => name.endsWith(".lock"));

/** Starts a sweep and waits until it has written something. */
async function started(args: readonly string[], file: string) {
  const child = spawn(process.execPath, [ENTRY, ...args], { stdio: "ignore" });
  const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
  while (textOf(file) === "" && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
  return { child, closed };
}

describe("a second sweep into the same file", () => {
  it.each(["--resume", "--quiet"])("is refused with %s while the first one runs, which goes on", async (option) => {
    const file = place(`shared${option}.ndjson`);
    const { child, closed } = await started([...LONG, "--out", file], file);
    const { status, stderr, stdout } = kerf([...LONG, "--out", file, option]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/error\[file-in-use\]: process \d+ on '.+' is writing this file/);
    expect(stderr).toContain(`process ${child.pid} `);
    expect(locks()).toHaveLength(1);
    child.kill("SIGINT");
    expect(await closed).toBe(130);
    const known = indices(file);
    expect(new Set(known).size).toBe(known.length);
    expect(locks()).toEqual([]);
  });

  it("is refused where it would write its table over it", async () => {
    const file = place("tabled.ndjson");
    const { child, closed } = await started([...LONG, "--out", file], file);
    const { status, stderr } = kerf([...SHORT, "--out", place("other.ndjson"), "--csv", file]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/error\[file-in-use\]/);
    child.kill("SIGINT");
    expect(await closed).toBe(130);
    expect(indices(file).length).toBeGreaterThan(0);
    expect(locks()).toEqual([]);
  });

  it("goes on after the first one was killed, and leaves no lock behind", async () => {
    const file = place("killed.ndjson");
    const { child, closed } = await started([...PUBLISHED, "--out", file], file);
    child.kill("SIGKILL");
    await closed;
    expect(kerf([...PUBLISHED, "--out", file, "--resume"])).toMatchObject({ status: 0, stderr: "" });
    expect([...indices(file)].sort((a, b) => a - b)).toEqual(Array.from({ length: 432 }, (_, index) => index));
    expect(locks()).toEqual([]);
  });
});

describe("another build of the same version", () => {
  const copy = place("copy");
  mkdirSync(copy);
  cpSync(join(REPOSITORY, "dist"), join(copy, "dist"), { recursive: true });
  for (const name of ["package.json", "node_modules", "architectures"])
    symlinkSync(join(REPOSITORY, name), join(copy, name));
  const kerfOfCopy = (args: readonly string[]) => {
    const { status, stderr } = spawnSync(process.execPath, [join(copy, "dist/cli/main.js"), ...args], {
      encoding: "utf8",
    });
    return { status, stderr };
  };
  const cache = place("cache");
  const entries = (): number =>
    readdirSync(cache, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json")).length;

  it("shares results while its code is the same, and neither cache nor files once it is not", () => {
    const [first, second] = [place("first.ndjson"), place("second.ndjson")];
    expect(kerf([...SHORT, "--cache", cache, "--out", first])).toMatchObject({ status: 0 });
    expect(kerfOfCopy([...SHORT, "--cache", cache, "--out", second])).toEqual({ status: 0, stderr: "" });
    expect(textOf(second)).toBe(textOf(first));
    expect(entries()).toBe(2);
    appendFileSync(join(copy, "dist/backend/cost/exact/times.js"), "// changed\n");
    const { status, stderr } = kerfOfCopy([...SHORT, "--cache", cache, "--out", second, "--resume"]);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining("error[other-inputs]") });
    expect(kerfOfCopy([...SHORT, "--cache", cache, "--out", second])).toEqual({ status: 0, stderr: "" });
    expect(entries()).toBe(4);
    expect(textOf(second)).not.toBe(textOf(first));
  });
});

describe("--budget", () => {
  it("stops in time with what is known, and the next command goes on", () => {
    const file = place("budget.ndjson");
    const { status, stdout, stderr } = kerf([...PUBLISHED, "--budget", "0s", "--out", file]);
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringContaining("warning[budget-spent]: the time of --budget is over with 0 of 432 points known"),
    });
    expect(stderr).toContain("--resume");
    expect(stdout).toContain("0 of 432 points");
    let runs = 0;
    for (let known = 0; known < 432 && runs < 50; runs++) {
      const before = textOf(file);
      expect(kerf([...PUBLISHED, "--budget", `${1000 + 500 * runs}ms`, "--out", file, "--resume"])).toMatchObject({
        status: 0,
      });
      expect(textOf(file).startsWith(before)).toBe(true);
      known = textOf(file) === "" ? 0 : indices(file).length;
    }
    expect([...indices(file)].sort((a, b) => a - b)).toEqual(Array.from({ length: 432 }, (_, index) => index));
  });

  it("says nothing when it suffices", () => {
    expect(kerf([...SHORT, "--budget", "10min"])).toMatchObject({ status: 0, stderr: "" });
  });

  it.each(["soon", "5 days", "-1s", ""])("refuses '%s'", (budget) => {
    const { status, stderr } = kerf([...SHORT, `--budget=${budget}`]);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining(`--budget: error[bad-option-value]: found '${budget}'`),
    });
  });

  it("leaves no front that would pass for the whole", () => {
    const file = place("front.ndjson");
    expect(kerf([...PUBLISHED, "--budget", "0s", "--frontier", "--out", file])).toMatchObject({ status: 0 });
    expect(existsSync(file)).toBe(false);
    expect(existsSync(`${file}.partial`)).toBe(true);
  });
});
