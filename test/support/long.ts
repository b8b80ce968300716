/** How often a test does a thing: `suite` times with all the others, `long` times with SHIPLOG_TEST_LONG=1, for a night. */
export const runs = (suite: number, long: number): number =>
  process.env['SHIPLOG_TEST_LONG'] === '1' ? long : suite
