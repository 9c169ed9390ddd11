import { openReader } from '../../../command/client/reader.js';
import { browserWorld } from './browserWorld.js';

/** The reader that serves this page. */
export const pageReader = openReader('', browserWorld());
