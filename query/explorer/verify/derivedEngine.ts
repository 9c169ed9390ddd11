/**
 * The engine version whose draws and payouts the modules of this folder derive: what another one
 * decided cannot be told right or wrong by them.
 */
export const DERIVED_ENGINE = 1;
