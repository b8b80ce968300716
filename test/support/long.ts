/** How many runs a test makes: `suite` in the suite that everybody waits for, `long` with SHIPLOG_TEST_LONG=1. */
export const runs = (suite: number, long: number): number =>
  process.env['SHIPLOG_TEST_LONG'] === '1' ? long : suite
