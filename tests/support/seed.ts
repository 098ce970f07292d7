import fc from "fast-check";

/** Properties see the same cases in every run; `KERF_TEST_SEED` asks for others. */
fc.configureGlobal({ seed: Number(process.env.KERF_TEST_SEED ?? 1) });
