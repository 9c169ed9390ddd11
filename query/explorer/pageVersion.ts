declare const PAGE_VERSION: string;

/** Of package.json, put in when the page is bundled. */
export const pageVersion = PAGE_VERSION;
