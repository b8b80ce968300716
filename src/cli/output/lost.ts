const lostReasons: Readonly<Record<string, string>> = {
  'host-restarted': 'the host went down',
  'monitor-died': 'its monitor died',
}

/** What an end that nobody saw is said to be. */
export const lostBecause = (reason: string): string => lostReasons[reason] ?? reason
