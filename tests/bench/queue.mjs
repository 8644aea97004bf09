// BullMQ's own barrier: a flow of WIDTH no-op children and one parent, which becomes ready when the last child has
// completed. node queue.mjs REDIS-SOCKET WIDTH COUNT: one line a crossing, microseconds from the moment at which the last
// child's work is over until the parent's begins. Adding the flow is not counted.
import { createRequire } from "node:module";
const { FlowProducer, Queue, Worker } = createRequire(process.env.BENCH_MODULES + "/")("bullmq");

const [path, width, count] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const WARM_UP = Math.max(1, Math.min(20, Math.floor(2000 / width)));
const connection = { path, maxRetriesPerRequest: null };
const name = "bench-" + process.pid;
let last = 0n;
let ended;
const worker = new Worker(name, async (job) => {
  if (job.name === "barrier") ended(process.hrtime.bigint() - last);
  else last = process.hrtime.bigint();
}, { connection, concurrency: 50 });
const flow = new FlowProducer({ connection });
await Promise.all([worker.waitUntilReady(), flow.waitUntilReady?.()]);
const opts = { removeOnComplete: true };
for (let i = 0; i < WARM_UP + count; i++) {
  const done = new Promise((resolve) => { ended = resolve; });
  const children = Array.from({ length: width }, (_, n) => ({ name: "job", queueName: name, data: { n }, opts }));
  await flow.add({ name: "barrier", queueName: name, data: {}, opts, children });
  const took = await done;
  if (i >= WARM_UP) console.log(String(took / 1000n));
}
await worker.close();
await flow.close();
const queue = new Queue(name, { connection });
await queue.obliterate({ force: true });
await queue.close();
process.exit(0);
