import { defineConfig } from "vitest/config";

const golden = "tests/**/*.golden.test.ts";
const globalSetup = "tests/support/build.ts";

export default defineConfig({
  test: {
    projects: [
      {
        test: { name: "quick", include: ["tests/**/*.test.ts"], exclude: [golden], globalSetup, testTimeout: 120_000 },
      },
      { test: { name: "golden", include: [golden], globalSetup, testTimeout: 600_000 } },
    ],
  },
});
