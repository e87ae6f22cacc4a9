/**
 * How far a property test looks: the same cases every time, so that it cannot fail by chance;
 * `PROPERTY_RUNS=5000` looks further, with cases of its own.
 */
export const search = (): { numRuns: number; seed?: number } =>
  process.env.PROPERTY_RUNS
    ? { numRuns: Number(process.env.PROPERTY_RUNS) }
    : { numRuns: 300, seed: 1 }
