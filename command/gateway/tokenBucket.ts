/** Lets `perSecond` through in the long run and `burst` at once. Time is an argument. */
export interface TokenBucket {
  /** Milliseconds to wait before `cost` may pass; 0 when it just did. */
  take(cost: number, nowMs: number): number;
}

export function createTokenBucket(perSecond: number, burst: number, nowMs: number): TokenBucket {
  let tokens = burst;
  let filledAtMs = nowMs;
  return {
    take(cost, at) {
      const earned = (Math.max(0, at - filledAtMs) * perSecond) / 1000;
      tokens = Math.min(burst, tokens + earned);
      filledAtMs = at;
      if (tokens >= cost) {
        tokens -= cost;
        return 0;
      }
      return Math.ceil(((cost - tokens) * 1000) / perSecond);
    },
  };
}
