/** Adds up vitest's JSON reports and prints `N passed, N failed`: `node scripts/test-summary.mjs <report.json> …`. */
import { readFileSync } from "node:fs";

const counts = process.argv.slice(2).map(readCounts);
const passed = sum(counts.map((count) => count.passed));
const failed = sum(counts.map((count) => count.failed));

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

/**
 * A file that cannot be loaded has no tests to fail: it counts as one failure itself.
 * @param {string} path
 */
function readCounts(path) {
  const report = JSON.parse(readFileSync(path, "utf8"));
  /** @type {{ status: string, assertionResults: { status: string }[] }[]} */
  const files = report.testResults;
  const broken = files.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length };
}

/** @param {number[]} terms */
function sum(terms) {
  return terms.reduce((total, term) => total + term, 0);
}
