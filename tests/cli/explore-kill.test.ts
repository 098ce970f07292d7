/** Sweeps that are killed at random moments, and go on. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { ENTRY, kerf, scratchFolder } from "../support/cli.js";
import { tinyWorkload } from "../support/tiny-workload.js";

const scratch = scratchFolder();
afterAll(() => rmSync(scratch, { recursive: true }));
const model = tinyWorkload(scratch);
const SWEEP = ["explore", model, "--arch", "meta-prototype-df", "--cost-model", "defines", "--tiles", "all"];

const whole = join(scratch, "whole.ndjson");
expect(kerf([...SWEEP, "--out", whole])).toMatchObject({ status: 0, stderr: "" });
const expected = readFileSync(whole, "utf8").trimEnd().split("\n").sort();

const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8") : "");
/** Lines with their ends. */
const complete = (text: string): readonly string[] => text.split("\n").slice(0, -1);
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** When to kill: so long after the command was started, or after it wrote for the first time. */
interface Moment {
  readonly after: "start" | "first write";
  readonly milliseconds: number;
}

const moments = (count: number, seed: number): readonly Moment[] =>
  fc.sample(
    fc.oneof(
      { weight: 1, arbitrary: fc.record({ after: fc.constant("start" as const), milliseconds: fc.nat(900) }) },
      { weight: 4, arbitrary: fc.record({ after: fc.constant("first write" as const), milliseconds: fc.nat(120) }) },
    ),
    { seed, numRuns: count },
  );

/** @returns whether it was still running */
async function killAt(args: readonly string[], file: string, { after, milliseconds }: Moment): Promise<boolean> {
  const before = textOf(file).length;
  const child = spawn(process.execPath, [ENTRY, ...args], { stdio: "ignore" });
  let isClosed = false;
  const closed = new Promise<NodeJS.Signals | null>((resolve) =>
    child.on("close", (_code, signal) => {
      isClosed = true;
      resolve(signal);
    }),
  );
  while (after === "first write" && !isClosed && textOf(file).length <= before) await pause(5);
  await pause(milliseconds);
  child.kill("SIGKILL");
  return (await closed) === "SIGKILL";
}

it.concurrent.each([
  { jobs: 1, seed: 1 },
  { jobs: 2, seed: 2 },
])("loses no finished line in 25 kills, and ends with the same set ($jobs workers)", async ({ jobs, seed }) => {
  const file = join(scratch, `killed-${jobs}.ndjson`);
  const args = [...SWEEP, "--jobs", String(jobs), "--out", file, "--resume"];
  let kills = 0;
  let grown = 0;
  for (const moment of moments(200, seed)) {
    const before = complete(textOf(file));
    const isKilled = await killAt(args, file, moment);
    const after = complete(textOf(file));
    expect(after.slice(0, before.length)).toEqual(before);
    if (after.length > before.length) grown++;
    for (const line of after.slice(before.length)) expect(expected).toContain(line);
    if (isKilled) kills++;
    if (kills === 25) break;
    if (after.length === expected.length) rmSync(file); // all is done: once more from the start
  }
  expect({ kills, isGrowing: grown > 5 }).toEqual({ kills: 25, isGrowing: true });
  expect(kerf(args)).toMatchObject({ status: 0, stderr: "" });
  expect(readFileSync(file, "utf8").trimEnd().split("\n").sort()).toEqual(expected);
  expect(readdirSync(scratch).filter((name) => name.startsWith(`.killed-${jobs}`))).toEqual([]);
});
