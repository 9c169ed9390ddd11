/**
 * Every maximum of the platform, in one place: queues, batches, frames, pages, retries. Where a
 * number comes from a measurement or a document, it says so. Relations are asserted below.
 */
import { assert } from './kernel/assert.js';

/** Any framed record that crosses a process boundary: a certified block with its headers. */
export const MAX_FRAME_BYTES = 8 * 1024 * 1024;
/** An envelope with its 256 commands: a command of twenty roulette bets is under 400 bytes. */
export const MAX_ENVELOPE_BYTES = 64 * 1024;
export const MAX_COMMAND_BYTES = 4 * 1024;
/** DESIGN section 2. */
export const MAX_ENVELOPE_COMMANDS = 256;
/** DESIGN section 2: of one account in one envelope. */
export const MAX_ENVELOPE_COMMANDS_PER_ACCOUNT = 64;
export const MAX_SPEND_LIMITS = 8;
/** Default of genesis: bytes of a block's items. */
export const MAX_BLOCK_BYTES = 2 * 1024 * 1024;
/** Default of genesis: commands of a block. */
export const MAX_BLOCK_COMMANDS = 4096;
export const MAX_BLOCK_ITEMS = 8192;
/** DESIGN section 4: with results certified later than this, blocks without envelopes only. */
export const MAX_EXECUTION_LAG = 64;
/** Ten minutes of block time: how far ahead an envelope may expire, a request be remembered. */
export const MAX_COMMAND_LIFETIME_MS = 10 * 60 * 1000;
export const MAX_TIMESTAMP_DRIFT_MS = 500;
/** How long after a command's expiry the absence of its lane proves that it was not executed. A
 * client's commands live at least twice as long less than `maxCommandLifetimeMs`. */
export const EXPIRY_PROOF_WINDOW_MS = 60_000;
/** n = 7 is the largest validator set (DESIGN section 4). */
export const MAX_VALIDATORS = 7;
export const MAX_EVENT_PARTITIONS = 256;
/** Depth of the state tree: bits of a SHA-256 digest. */
export const MAX_STATE_DEPTH = 256;
/** DESIGN section 7: heights of which validators prove state. */
export const STATE_HEIGHTS_KEPT = 64;
/** Lanes of one account in state, those remembered after their end included. */
export const MAX_ACCOUNT_AUTHORIZATIONS = 64;
/** Ended lanes and requests that leave the state in one block: a command makes at most one, so a
 * default block's worth keeps up. */
export const MAX_BLOCK_PRUNED = MAX_BLOCK_COMMANDS;
/** Games that end by themselves in one block; the rest end in the next ones. */
export const MAX_BLOCK_GAMES_EXPIRED = 1_024;

// Consensus core (consensus/README.md).
/** Views ahead of the current one in which votes are kept: bounds memory per signer (R13). */
export const CONSENSUS_VOTE_VIEWS_AHEAD_MAX = 8;
/** Missing certificates asked for at a time (R18). */
export const CONSENSUS_FETCH_VIEWS_MAX = 16;
/** Views whose certificates and own votes one standstill resend carries (R14): under 64 KiB. */
export const CONSENSUS_STANDSTILL_VIEWS_MAX = 32;
/** Views whose median duration sets timeouts (R19): two rotations of seven leaders, and one. */
export const CONSENSUS_VIEWS_MEASURED = 15;

// Mempool (DESIGN section 3).
export const MEMPOOL_COMMANDS_MAX = 100_000;
export const MEMPOOL_COMMANDS_PER_ACCOUNT_MAX = 64;
export const MEMPOOL_OWN_KEY_RESERVED = 8;
export const MEMPOOL_FAUCET_SHARE = 0.01;
export const MEMPOOL_BYTES_MAX = 256 * 1024 * 1024;
/** Gap-held commands: how far above a lane's next nonce one may be. */
export const MEMPOOL_NONCE_WINDOW = 64;
/** The last part of the pool takes commands of funded accounts only: free keys cannot close it. */
export const MEMPOOL_FUNDED_RESERVED_SHARE = 0.1;
/** Commands a second of one signer once verified, above what two cores verify; and the burst. */
export const MEMPOOL_SIGNER_RATE = 50_000;
export const MEMPOOL_SIGNER_BURST = 100_000;
/** Signers whose rate is remembered; the longest idle is forgotten first. */
export const MEMPOOL_SIGNERS_TRACKED = 16_384;
/** Commands that ended in a block, remembered for those who send them again. */
export const MEMPOOL_ENDED_KEPT = 65_536;
/** Commands of one funded account that a signer's turn adds to a block. */
export const MEMPOOL_TURN_COMMANDS = 16;
/** Envelopes between the cheap checks and the journal. */
export const ADMISSION_PENDING_MAX = 8_192;
/** Signatures of one batch, and batches under way at once. */
export const ADMISSION_BATCH_MAX = 256;
export const ADMISSION_BATCHES_IN_FLIGHT = 2;
/** Bytes of opened and verified envelopes kept so that nothing is verified or decoded twice. */
export const VERIFIED_ENVELOPES_BYTES_MAX = 64 * 1024 * 1024;
/** Gossip goes out after this time or at this size, and waits in a queue of this many bytes. */
export const GOSSIP_FLUSH_MS = 4;
export const GOSSIP_BATCH_BYTES = 256 * 1024;
export const GOSSIP_BATCH_ENVELOPES = 1_024;
/** Between two writes of the mempool journal: one at once, then at most 50 a second. */
export const MEMPOOL_JOURNAL_PAUSE_MS = 20;
/** The mempool journal is rewritten when it is this many bytes and mostly dead. */
export const MEMPOOL_JOURNAL_REWRITE_BYTES = 16 * 1024 * 1024;

// Gateway (reference limits of the field; DESIGN section 8).
/** On disk, as evidence (DESIGN section 4); and so many may wait to be written there. */
export const GATEWAY_CERTIFICATES_KEPT = 10_000;
export const GATEWAY_CERTIFICATES_WAITING_MAX = 1_024;
export const GATEWAY_SESSIONS_MAX = 1000;
export const GATEWAY_CONNECTIONS_PER_IP_MAX = 5;
/** The largest envelope in hex, and what stands around it. */
export const GATEWAY_MESSAGE_BYTES_MAX = 2 * MAX_ENVELOPE_BYTES + 4 * 1024;
export const GATEWAY_OUTBOX_BYTES_MAX = 1024 * 1024;
/** Sessions of one account on one gateway: devices, tabs and bots of one player. */
export const GATEWAY_SESSIONS_PER_ACCOUNT_MAX = 16;
/** DESIGN section 8: what a connection may send before it has authenticated. */
export const GATEWAY_UNPROVEN_BYTES_MAX = 4 * 1024;
/** HTTP submissions and questions of one address in a minute; loopback is exempt. */
export const GATEWAY_REQUESTS_PER_MINUTE_MAX = 3_000;
/** Heights that cannot follow come for so long before those between are given up. */
export const GATEWAY_GAP_MS_MAX = 5_000;
/** Between two questions for the heights of a gap. */
export const GATEWAY_GAP_ASK_MS = 500;

/** Result digests a reader keeps to tell a repeat from a conflict: at 50 blocks/s about 80 s. */
export const FOLLOWED_DIGESTS_KEPT = 4096;

// Read side.
export const PAGE_ROWS_MAX = 100;
export const PAGE_ROWS_DEFAULT = 25;
/** Rows of one CSV answer: under 3 MB. */
export const TABLE_ROWS_MAX = 10_000;
/** Matches of each kind in an answer of the search. */
export const SEARCH_MATCHES_MAX = 5;
/** Last blocks over which pace is measured. */
export const STATS_WINDOW_BLOCKS = 100;
/** Last blocks whose signers are counted: each is read whole, so this bounds bytes. */
export const VALIDATOR_WINDOW_BLOCKS = 32;
export const STATS_HOURS_MAX = 24 * 31;
/** Points of one series: a day of minutes, two months of hours, four years of days. */
export const SERIES_POINTS_MAX = 1_440;
/** The longest framed StateKey: a lane's, 5 + 1 + 32 + 32 bytes and a varint. */
export const STATE_KEY_BYTES_MAX = 128;
/** Texts of statements that a reader's connections keep plans for: paths and filters make fewer. */
export const READ_STATEMENTS_MAX = 256;
export const READ_DATABASES_MAX = 16;
/** How long a read waits for `minHeight` before it answers notYetVisible, and how many may wait. */
export const READ_WAIT_MS_MAX = 5_000;
export const READ_WAITS_MAX = 10_000;
/** Of one address, loopback exempt: requests a minute; reads at once, of 8 connections; waiting. */
export const READ_REQUESTS_PER_MINUTE_MAX = 3_000;
export const READ_TURNS_MAX = 6;
export const READ_TURNS_WAITING_MAX = 64;

// The log (schemas/log.ts).
/**
 * One append: 20 blocks of MAX_BLOCK_BYTES with as many bytes of events and marks again, and room.
 */
export const LOG_APPEND_BYTES_MAX = 96 * 1024 * 1024;
/** A stored batch of the Postgres log; a larger record is a batch of its own. */
export const LOG_ROW_BYTES_MAX = 1024 * 1024;
/** Stored batches of one partition that a reader of the Postgres log fetches at a time. */
export const LOG_READ_ROWS_MAX = 256;

assert(MAX_ENVELOPE_BYTES < MAX_BLOCK_BYTES, 'an envelope must fit in a block');
assert(MAX_BLOCK_BYTES < MAX_FRAME_BYTES, 'a certified block must fit in a frame');
assert(MAX_ENVELOPE_COMMANDS <= MAX_BLOCK_COMMANDS, 'an envelope must fit in a block');
assert(MEMPOOL_OWN_KEY_RESERVED < MEMPOOL_COMMANDS_PER_ACCOUNT_MAX, 'reserve below the whole');

// Links between validators, and from gateways to them.
/** Two of the largest frames may wait for a slow peer, and some. */
export const PEER_LINK_BUFFER_BYTES_MAX = 4 * MAX_FRAME_BYTES;
/** Small messages that share a frame of a link go out at this size at the latest. */
export const PEER_BATCH_BYTES = 64 * 1024;
export const PEER_CONNECTIONS_MAX = 256;
export const PEER_HANDSHAKE_TIMEOUT_MS = 5_000;
export const PEER_REDIAL_MS_MIN = 50;
export const PEER_REDIAL_MS_MAX = 2_000;

// What a gateway remembers.
/** Ends of commands kept for those who ask again, at about 10 kB with their proofs. */
export const GATEWAY_OUTCOMES_KEPT = 4_096;
/** DESIGN section 8: a socket that has not authenticated is closed after this. */
export const GATEWAY_AUTHENTICATION_MS = 5_000;
export const GATEWAY_HEARTBEAT_MS = 15_000;
/** Commands a second of one session, and the burst it may save up. */
export const GATEWAY_COMMANDS_PER_SECOND = 200;
export const GATEWAY_COMMANDS_BURST = 1_000;
/** Commands of one session that have not ended. */
export const GATEWAY_OPEN_PER_SESSION_MAX = 1_024;
export const GATEWAY_STATE_QUERIES_MAX = 10_000;
export const GATEWAY_STATE_QUERY_TIMEOUT_MS = 1_000;
/** How often a gateway looks for overdue commands and silent clients. */
export const GATEWAY_TICK_MS = 250;
/** A client that has sent nothing for this long is gone. */
export const GATEWAY_SILENCE_MS_MAX = 2 * GATEWAY_HEARTBEAT_MS + 5_000;
/** Executed heights with receipts that a gateway keeps whole, and the bytes of their events. */
export const GATEWAY_HEIGHTS_KEPT = 2_048;
export const GATEWAY_HEIGHTS_BYTES_KEPT = 64 * 1024 * 1024;
/** Commands that a gateway follows, over all sessions and HTTP. */
export const GATEWAY_OPEN_MAX = 100_000;
/** A command that has not ended after this is looked for among older receipts, again after twice as
 * long, and so on. */
export const GATEWAY_LOOK_BACK_MS = 1_000;
export const GATEWAY_LOOK_BACK_MS_MAX = 16_000;
/** How long after its expiry a command is followed when neither receipt nor proof can be had. */
export const GATEWAY_UNRESOLVED_MS = 60_000;
/** Proofs of expiry asked for in one tick. */
export const GATEWAY_EXPIRIES_PER_TICK_MAX = 256;
assert(MAX_FRAME_BYTES < LOG_APPEND_BYTES_MAX, 'a frame must fit in an append');

// Verification workers (infra/crypto/verifyPool.ts).
/** Signatures handed to a worker at once: 5 ms of its time at 75 us each. */
export const VERIFY_CHUNK_SIGNATURES_MAX = 64;
/** Chunks a worker holds at once: it never waits while a result travels (limits.md section 7). */
export const VERIFY_SLOTS_PER_WORKER = 4;
/** Room of a chunk; a longer message is verified on the calling thread. */
export const VERIFY_SLOT_BYTES = 64 * 1024;
/** Waiting and running: over a second of one core. More is refused, to be tried again. */
export const VERIFY_PENDING_SIGNATURES_MAX = 16_384;
/** Up to here the calling thread is done before a worker could answer (measured, see README). */
export const VERIFY_INLINE_SIGNATURES_MAX = 2;
/** A worker that ends this often in a row without finishing a chunk is not started again. */
export const VERIFY_WORKER_DEATHS_MAX = 3;
/** Beacons verified by one equation: in more, one takes hardly less (0.51 in 8, 0.47 in 64). */
export const BEACONS_PER_BATCH_MAX = 64;
assert(MAX_BLOCK_ITEMS <= VERIFY_PENDING_SIGNATURES_MAX, 'a block must fit in the verify queue');

// A validator's own bounds (consensus/validator).
/** Views kept below the last final one, for late votes and evidence (reference 1.5). */
export const VIEWS_RETAINED = 256;
/** Good signatures remembered: at 50 blocks a second with 7 validators about 30 s. */
export const VERIFIED_SIGNATURES_KEPT = 32_768;
/** A timer of consensus that fires later than this is asked for once more, for as long again. */
export const TIMER_LATE_MS = 10;
/** Inputs that wait for the step before them; votes and blocks beyond are dropped, and resent. */
export const CONSENSUS_INBOX_MAX = 8_192;
/** Blocks that are held without having been asked for, above the last final one. */
export const UNSOLICITED_BLOCKS_MAX = 256;
/** A leader's block for a view this far ahead of ours is still kept. */
export const UNSOLICITED_VIEWS_AHEAD = 64;
/** Shares and result signatures are kept for heights this far above the last final one. */
export const HEIGHTS_AHEAD_MAX = 128;
/** DESIGN section 4: seed or certificate missing for so long after finality are asked for. */
export const HEIGHT_REQUEST_MS = 250;
export const HEIGHT_REQUEST_MS_MAX = 5_000;
/** Incomplete heights asked for at a time, lowest first. */
export const HEIGHT_REQUESTS_MAX = 8;
/** A block asked for by digest is asked of another peer after this, doubling. */
export const BLOCK_REQUEST_MS = 250;
export const BLOCK_REQUEST_MS_MAX = 2_000;
export const BLOCK_REQUESTS_MAX = 256;
/** Catch-up: certified blocks of one answer, and when another peer is asked. */
export const CATCH_UP_BLOCKS_MAX = 64;
export const CATCH_UP_BYTES_MAX = 3 * 1024 * 1024;
export const CATCH_UP_TIMEOUT_MS = 2_000;
/** Between two questions of one who knows that it is behind and was not helped. */
export const CATCH_UP_PAUSE_MS = 100;
/** Without a new certified height for so long, a peer is asked whether there is one. */
export const CATCH_UP_PROBE_MS = 3_000;
/** Who is no further behind the others than this has caught up: blocks go on meanwhile. */
export const CATCH_UP_LEVEL_HEIGHTS = 16;
/** Requests of one peer that are answered in a second. */
export const PEER_REQUESTS_PER_SECOND_MAX = 500;
/** How long messages of a peer are dropped that sent what no honest validator sends. */
export const PEER_MUTED_MS = 10_000;
/** How often a validator looks for what is overdue: requests, catch-up, incomplete heights. */
export const VALIDATOR_TICK_MS = 50;
/**
 * An early block (ahead of our clock by more than the drift) is not waited for longer than this.
 */
export const EARLY_BLOCK_WAIT_MS_MAX = 10_000;
/** Certificates and verdicts that wait for the next vote's write, at most: under 100 KiB. */
export const JOURNAL_UNWRITTEN_MAX = 64;
/** Journal entries below the floor are dropped each time this many views went by. */
export const JOURNAL_PRUNE_VIEWS = 1_024;
/** Newest heights of which a validator tells when they reached their stages. */
export const HEIGHT_TIMES_KEPT = 1_024;
/** Newest certified heights whose digests are kept in memory. */
export const CERTIFIED_DIGESTS_KEPT = 1_024;

assert(
  CATCH_UP_BYTES_MAX + 2 * MAX_BLOCK_BYTES < MAX_FRAME_BYTES,
  'a catch-up answer must fit in a frame',
);
/** A key file holds three hex strings (infra/crypto/keyFile.ts). */
export const KEY_FILE_BYTES_MAX = 4 * 1024;

// The client.
/** An envelope that is not executed within this can be known never to be. */
export const CLIENT_LIFETIME_MS_DEFAULT = 30_000;
export const CLIENT_OPEN_COMMANDS_MAX = 1_024;
export const CLIENT_RECONNECT_MS_MIN = 250;
export const CLIENT_RECONNECT_MS_MAX = 20_000;
/** After being live for so long the next pause starts small again. */
export const CLIENT_WELL_MS = 30_000;
/** Before a gateway that said 41xx (too many connections) is dialled again. */
export const CLIENT_PAUSE_MS = 5_000;
/** How often the client looks at its connection. */
export const CLIENT_WATCH_MS = 500;
/** From dialling to welcome. */
export const CLIENT_HANDSHAKE_MS_MAX = 6_000;
/**
 * While commands are open: a ping after this without a frame sent, and how long silence may last.
 */
export const CLIENT_BUSY_PING_MS = 2_000;
export const CLIENT_BUSY_SILENCE_MS_MAX = 4_000;
/** An envelope that was refused for now is sent again after this. */
export const CLIENT_RESEND_MS = 1_000;
/** One that validators would not take yet is sent again with pauses that double up to this. */
export const CLIENT_PENDING_RESEND_MS_MAX = 8_000;
/** A gateway that has said nothing of a command for so long after its expiry is left. */
export const CLIENT_OVERDUE_MS_MAX = 15_000;

// Projections.
/** How far back in its partition's log an event may stand that no mark has listed yet. One height's
 * events of one partition are below MAX_FRAME_BYTES; junk costs at most this much memory. */
export const FOLLOWED_WINDOW_BYTES = 2 * MAX_FRAME_BYTES;
/** ... and how many of them are kept: one of twenty bytes takes 0.6 kB of memory (measured). Eight
 * of each command of a full block, all in one partition; of more, the first are read a second time.
 */
export const FOLLOWED_WINDOW_EVENTS_MAX = 32_768;
/** Rows that a projector gathers for one transaction, 28,000 commands of play (a row of lists is
 * one). Balances and accounts merge further than in fewer, which costs the server less. */
export const PROJECTION_BATCH_ROWS_MAX = 150_000;
/** Heights of which a projector has not verified the beacons yet: 0.3 s of a thread. */
export const PROJECTION_BEACONS_MAX = 512;
/** Bytes of records behind the rows of one transaction. */
export const PROJECTION_BATCH_BYTES_MAX = 32 * 1024 * 1024;
/** Rows of one source and table, or entries of their lists, that are kept as they are: more are
 * packed as they come. */
export const PROJECTION_LOOSE_ROWS_MAX = 128;
/** Rows of one source and table remembered as written, of tables whose rows never change. */
export const PROJECTION_KNOWN_ROWS_MAX = 16_384;
/** Rows of the first transaction that is gathered far behind the log's end; each further one holds
 * twice as many, up to the most, so that writing begins early and soon costs the least a row. */
export const PROJECTION_BATCH_ROWS_MIN = 10_000;
/** While the log's end is near, a transaction waits for more rows no longer than this. */
export const PROJECTION_GATHER_MS_MAX = 500;
/** Records missing of one partition from which on the log's end is far: a second of folding. */
export const PROJECTION_FAR_RECORDS = 2_048;
/** While the log's end is far, a transaction waits for more rows no longer than this. */
export const PROJECTION_FAR_GATHER_MS_MAX = 5_000;
/** Bytes of one read of the log by a projector: of 17 partitions together. */
export const PROJECTION_READ_BYTES_MAX = 4 * 1024 * 1024;
/** COPY beats unnest above this many rows of one table (measured: between 1,000 and 10,000). */
export const PROJECTION_COPY_ROWS_MIN = 2_000;
/** A projector that has not said that it lives for so long loses its partitions. */
export const PROJECTION_LEASE_MS = 6_000;
/** A projector further behind the log than this is not ready. */
export const PROJECTION_READY_LAG_MS = 10_000;
/** Without progress for so long, though the log has more, a projector begins anew with its
 * reader. */
export const PROJECTION_STALL_MS = 30_000;
/**
 * A statement of a projector that the server has not ended for so long, because somebody holds what
 * it needs, is cancelled, and everything tried again. A transaction takes seconds under load.
 */
export const PROJECTION_STATEMENT_MS_MAX = 60_000;
/** How long a projector that is told to stop waits for its transaction: less than its process
 * has. */
export const PROJECTION_DRAIN_MS = 5_000;
/** Pauses of a projector between attempts, while store or log cannot be reached. */
export const PROJECTION_RETRY_MS_MIN = 50;
export const PROJECTION_RETRY_MS_MAX = 5_000;
/** Attempts to put new tables behind the views while readers hold them: 15 s. */
export const PROJECTION_SWAP_ATTEMPTS_MAX = 50;
/** How long replaced tables are kept, unless asked otherwise: to look, and to go back. */
export const PROJECTION_GRACE_MS = 60 * 60 * 1000;
/** A rebuild that has replaced the tables folds on for so long, until projectors take over. */
export const PROJECTION_HAND_OVER_MS = 10_000;
/** Threads of a rebuild: each has connections of its own to log and tables, and 200 MB. */
export const PROJECTION_REBUILD_THREADS_MAX = 8;
/** Attempts to compare old and new tables at one height. */
export const PROJECTION_COMPARE_ATTEMPTS_MAX = 3;
/** How long each of them waits for a projector that is behind the new tables. */
export const PROJECTION_COMPARE_WAIT_MS = 30_000;
/** Signatures remembered as valid: six of each height of one read, 650 of them without commands. */
export const PROJECTION_SIGNATURES_KEPT = 8_192;

// A validator's own store.
/** Heights in one file of executed results; whole files are removed once they are in the log. */
export const EXECUTED_HEIGHTS_PER_FILE = 4_096;
/** Executed heights kept behind the newest, for gateways and publishers that fell behind. */
export const EXECUTED_HEIGHTS_KEPT = 100_000;
/** About how long the commands of an own block may take to execute here. */
export const EXECUTION_BLOCK_MS = 100;
/** How often the state is written to a file; a restart executes the blocks behind the newest. */
export const SNAPSHOT_EVERY_HEIGHTS = 2_000;
/** A restart that executes so many blocks again takes minutes. */
export const SNAPSHOT_EVERY_HEIGHTS_MAX = 100_000;
/** Snapshots kept away from validators, spread over the whole chain: about 3 MB for each 10,000
 * accounts. */
export const ARCHIVED_SNAPSHOTS_MAX = 64;
/** Heights sent to a gateway that catches up, before its link is looked at again. */
export const EXECUTED_SEND_MAX = 64;
/** Receipts whose height a validator finds by lane and nonce: ten minutes at 400 commands a second,
 * in 5 MB where lanes are few, in 50 where each has a lane of its own. */
export const RECEIPTS_INDEXED_MAX = 262_144;
/** Receipts (and heights) read back at start: about a second of work. */
export const RECEIPTS_REBUILT_MAX = 16_384;

/** Parts of a log that are verified side by side, each on a thread with a state of its own. */
export const VERIFY_PARTS_MAX = 64;
/** A batch of records while a whole log is read back. */
export const VERIFY_BATCH_BYTES = 4 * 1024 * 1024;
/**
 * Signatures of players that are being checked while the next block is executed. With those of that
 * block they fill the verifiers' queue and no more.
 */
export const VERIFY_AHEAD_SIGNATURES_MAX = 8_192;
assert(
  VERIFY_AHEAD_SIGNATURES_MAX + MAX_BLOCK_ITEMS <= VERIFY_PENDING_SIGNATURES_MAX,
  'a block must fit behind those under way',
);
/** Of each partition, complete heights whose events are still known when one stands there again. */
export const VERIFY_REMEMBERED_HEIGHTS = 64;
/** Of each partition, incomplete heights that are kept though marks of later ones were found. */
export const VERIFY_OVERTAKEN_HEIGHTS_MAX = 1_024;
/** Faults of a log that are told one by one; the others are counted. */
export const VERIFY_FAULTS_MAX = 20;

// Files of a validator.
/** The largest record of any file: a certified block, or a height with all its events. */
export const FILE_FRAME_BYTES_MAX = 4 * MAX_FRAME_BYTES;
/** How far behind a damaged frame of a file others are looked for. */
export const FILE_RESYNC_BYTES = 64 * 1024;
/** One read of a file that is read from front to back. */
export const FILE_READ_BYTES = 1024 * 1024;
/** Larger durable writes go through the thread pool at once. */
export const FILE_WRITE_HERE_BYTES_MAX = 64 * 1024;
/** One here that takes longer: the disk is slow, and so many of that file go through the pool. */
export const FILE_WRITE_HERE_MS_MAX = 2;
export const FILE_WRITES_AWAY = 128;
export const JOURNAL_SEGMENT_BYTES = 8 * 1024 * 1024;
export const CERTIFIED_SEGMENT_BYTES = 256 * 1024 * 1024;
/** The file of blocks that are not certified yet is written anew above this. */
export const PENDING_FILE_BYTES = 64 * 1024 * 1024;

// The publisher.
/** DESIGN section 6: a height that is missing this long calls the next in line. */
export const PUBLISH_TAKEOVER_MS = 500;
/** ... and each validator after it so many times that later than the one before. */
export const PUBLISH_TAKEOVER_STEPS = 3;
/** Writers that a recovery opens when others fence it away, before it gives up. */
export const RECOVER_TRIES_MAX = 5;
/** One transaction: heights and about so many bytes; more when the log has fallen behind. */
export const PUBLISH_GROUP_HEIGHTS_MAX = 64;
export const PUBLISH_GROUP_BYTES_MAX = 4 * 1024 * 1024;
/** Partitions without events learn of new heights this often. */
export const PUBLISH_IDLE_MARK_MS = 2_000;
/** After a failure of the log, doubled with each in a row: one that is back is noticed at once. */
export const PUBLISH_RETRY_MS_MIN = 50;
export const PUBLISH_RETRY_MS_MAX = 500;
/** Between two looks at what no retry mends: two histories, or a height that is not held here. */
export const PUBLISH_HELPLESS_MS = 5_000;
/** A publisher that gets heights into the log, but ever later, is replaced at this lag. */
export const PUBLISH_LAG_MS_MAX = 5_000;
/** Fenced so often in a row without progress, a validator writes under an id of its own. */
export const PUBLISH_FENCED_MAX = 3;
/** A take-over without progress doubles the wait for the next one, up to 2 to this power. */
export const PUBLISH_FRUITLESS_DOUBLINGS_MAX = 6;
/** What was appended must be read back within this, or the writer is in doubt. */
export const PUBLISH_CONFIRM_MS = 5_000;
/** Between two looks at the end of the log of one who stands by. */
export const PUBLISH_FOLLOW_MS = 100;
/** The end of the log must be reached within this, or it counts as away. */
export const PUBLISH_TAIL_TIMEOUT_MS = 15_000;
/** Records from the end of `blocks` and of an events partition that a publisher which has just
 * started looks at; four times as many as long as none of them proves where the log has got to. */
export const PUBLISH_TAIL_BLOCKS = 256;
export const PUBLISH_TAIL_EVENTS = 1_024;
export const PUBLISH_TAIL_BATCH_BYTES = 4 * 1024 * 1024;
/** Times at which heights became certified, kept to know how long they have been missing. */
export const PUBLISH_AGES_KEPT = 1_024;
/** Certified heights that may be missing from the log before players are refused: 400 s at full
 * pace. Less than what is kept for it, so that nothing is ever removed unpublished. */
export const PUBLISH_BACKLOG_HEIGHTS_MAX = 20_000;
/** The newest certified heights that a publisher has at hand. */
export const PUBLISH_RECENT_HEIGHTS_MAX = 64;
export const PUBLISH_RECENT_BYTES_MAX = 16 * 1024 * 1024;
/** Good signatures and beacons of consensus that the publisher need not check again in the log. */
export const PUBLISH_SIGNATURES_KEPT = 16_384;
export const PUBLISH_BEACONS_KEPT = 1_024;
assert(PUBLISH_BACKLOG_HEIGHTS_MAX < EXECUTED_HEIGHTS_KEPT, 'a backlog must be held');
/** Replicas of a topic on Kafka, and brokers of a cluster that we run ourselves. */
export const KAFKA_REPLICAS_MAX = 7;
export const KAFKA_BROKERS_MAX = 5;

// Files for analysts.
export const EXPORT_HEIGHTS_PER_FILE = 10_000;
export const EXPORT_HEIGHTS_PER_FILE_MAX = 1_000_000;
/** A block of an Avro file, a group of rows of a Parquet file: in memory until it is full. */
export const EXPORT_BLOCK_BYTES = 256 * 1024;
export const EXPORT_ROW_GROUP_ROWS = 50_000;

// The live feed of a reader. Loopback and trusted networks may have more connections an address.
export const FEED_CLIENTS_MAX = 10_000;
export const FEED_CONNECTIONS_PER_IP_MAX = 20;
export const FEED_TOPICS_MAX = 64;
export const FEED_MESSAGES_PER_SECOND = 5;
export const FEED_MESSAGES_BURST = 20;
export const FEED_MESSAGE_BYTES_MAX = 16 * 1024;
export const FEED_OUTBOX_BYTES_MAX = 1024 * 1024;
/** Catching up: heights with all they have or with few commands, commands (one height has all). */
export const FEED_CHUNK_HEIGHTS = 50;
export const FEED_SCAN_HEIGHTS = 1_000;
export const FEED_CHUNK_COMMANDS = 1_024;
export const FEED_CATCH_UP_READS = 2;
export const FEED_CACHE_HEIGHTS = 1_000;
export const FEED_CACHE_COMMANDS = 65_536;
export const FEED_SKIP_HEIGHTS = 200;
export const FEED_STALL_MS_MAX = 10_000;
export const FEED_STATS_MS = 1_000;
export const FEED_HEARTBEAT_MS = 10_000;
