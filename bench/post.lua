-- One request again and again. BENCH_DELAY_MS paces each connection: a random pause around that
-- mean before every request, for an even one would make all connections ask at the same instant.
local file = assert(io.open(os.getenv("BENCH_BODY"), "rb"))
wrk.method = "POST"
wrk.path = os.getenv("BENCH_PATH")
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer bench-key"
wrk.headers["anthropic-version"] = "2023-06-01"

local pause = tonumber(os.getenv("BENCH_DELAY_MS") or "0")
if pause > 0 then
   function delay() return math.random(0, 2 * pause) end
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      'BENCH {"requests":%d,"micros":%d,"p50":%d,"p99":%d,"refused":%d,"broken":%d}\n',
      summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
      errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
