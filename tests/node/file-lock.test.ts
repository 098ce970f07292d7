import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it, test } from "vitest";
import { DiagnosticError } from "../../src/ir/diagnostics.js";
import { type Holder, lockFile, printHolder } from "../../src/node/file-lock.js";
import { scratchFolder } from "../support/cli.js";

const scratch = scratchFolder();
afterAll(() => rmSync(scratch, { recursive: true }));

/** Quick enough for a test. */
const TIMES = { beat: 40, patience: 800 };

const folder = join(scratch, "results");
const file = join(folder, "a.ndjson");
beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
});

const locks = (): readonly string[] => readdirSync(folder).filter((name) => name.endsWith(".lock"));
const lock = (target = file, waits: Holder[] = []) => lockFile(target, (holder) => void waits.push(holder), TIMES);
const failure = (promise: Promise<unknown>): Promise<DiagnosticError> =>
  promise.then(
    () => expect.unreachable("it was locked"),
    (cause: unknown) => {
      if (cause instanceof DiagnosticError) return cause;
      throw cause;
    },
  );

/** What another process leaves: the lock of this one under another name. */
async function leave(holder: Holder): Promise<string> {
  const held = await lock();
  const [name = ""] = locks();
  const left = join(folder, name.replace(/\d+-\d+-.*(?=\.[0-9a-f]{8}\.lock$)/, printHolder(holder)));
  renameSync(join(folder, name), left);
  held.release();
  expect(locks()).toHaveLength(1);
  return left;
}

/** A process that was here and is gone. */
const deadPid = (): number => spawnSync(process.execPath, ["-e", ""]).pid;

describe("a lock", () => {
  it("is one file, and none once it is released", async () => {
    const held = await lock();
    expect(locks()).toHaveLength(1);
    held.requireHeld();
    held.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is refused while a process has it, with its number; that one keeps it", async () => {
    const held = await lock();
    const { diagnostics, failure: kind } = await failure(lock());
    expect(kind).toBe("input");
    expect(diagnostics).toMatchObject([
      { code: "file-in-use", where: { file }, message: expect.stringContaining(`process ${process.pid} on '`) },
    ]);
    expect(locks()).toHaveLength(1);
    held.requireHeld();
    held.release();
    (await lock()).release();
  });

  it("belongs to a file, whatever leads there, and to no other", async () => {
    writeFileSync(file, "");
    symlinkSync(file, join(scratch, "link.ndjson"));
    symlinkSync(folder, join(scratch, "folder"));
    const held = await lock();
    await failure(lock(join(scratch, "link.ndjson")));
    await failure(lock(join(scratch, "folder", "a.ndjson")));
    for (const other of ["b.ndjson", "a.ndjson.partial", "a"]) (await lock(join(folder, other))).release();
    held.release();
  });

  it("can be had for names as long as the system has them", async () => {
    const long = join(folder, "n".repeat(255));
    const held = await lock(long);
    await failure(lock(long));
    held.release();
  });

  it("says when it was taken away", async () => {
    const held = await lock();
    rmSync(join(folder, locks()[0]!));
    expect(() => held.requireHeld()).toThrow(DiagnosticError);
    held.release();
  });
});

describe("a lock that was left", () => {
  it("by a process that died is removed", async () => {
    await leave({ pid: deadPid(), host: hostname(), started: 0 });
    const held = await lock();
    expect(locks()).toHaveLength(1);
    held.release();
  });

  test.runIf(process.platform === "linux")("by a process whose number another one has now is removed", async () => {
    await leave({ pid: process.pid, host: hostname(), started: 1 });
    (await lock()).release();
    expect(locks()).toEqual([]);
  });

  it("by a process that lives is respected, whoever started it", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    const left = await leave({ pid: child.pid!, host: hostname(), started: 0 });
    const { diagnostics } = await failure(lock());
    expect(diagnostics[0]!.hint).toContain(left);
    const closed = new Promise((resolve) => child.on("close", resolve));
    child.kill("SIGKILL");
    await closed;
    (await lock()).release();
    expect(locks()).toEqual([]);
  });

  it("on another machine is removed when it shows no sign of life", async () => {
    const holder = { pid: 7, host: "node-17.cluster", started: 5 };
    await leave(holder);
    const waits: Holder[] = [];
    (await lock(file, waits)).release();
    expect(waits).toEqual([holder]);
    expect(locks()).toEqual([]);
  });

  it("on another machine is respected when it shows one", async () => {
    const left = await leave({ pid: 7, host: "node-17.cluster", started: 5 });
    let beats = 100;
    const timer = setInterval(() => writeFileSync(left, String(++beats)), 100);
    const { diagnostics } = await failure(lock());
    clearInterval(timer);
    expect(diagnostics).toMatchObject([{ message: expect.stringContaining("process 7 on 'node-17.cluster'") }]);
  });
});

it("shows signs of life", async () => {
  const held = await lock();
  const own = join(folder, locks()[0]!);
  const before = readFileSync(own, "utf8");
  await new Promise((resolve) => setTimeout(resolve, 20 * TIMES.beat));
  expect(readFileSync(own, "utf8")).not.toBe(before);
  held.release();
});

it("is not needed where nothing is kept", async () => {
  (await lockFile("/dev/null", () => expect.unreachable("nobody is there"))).release();
});
