/**
 * The rules these files implement. Stands in every result, so that a reader knows which engine
 * re-executes a height. Raised whenever any block could yield other bytes than before.
 */
export const ENGINE_VERSION = 1;
