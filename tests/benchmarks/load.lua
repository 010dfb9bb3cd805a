-- One request, sent again and again: LOAD_HEADERS (a line each) and the body in the file LOAD_BODY.
-- The last line of the output is JSON; times are in microseconds.
local file = assert(io.open(os.getenv("LOAD_BODY"), "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
file:close()
for name, value in string.gmatch(os.getenv("LOAD_HEADERS"), "([^:\n]+): ([^\n]*)") do
  wrk.headers[name] = value
end

function done(summary, latency, requests)
  local errors = summary.errors
  local form = '{"requests": %d, "duration": %d, "p50": %d, "p99": %d, "longest": %d, "refused": %d, "broken": %d}\n'
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(form, summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    latency.max, errors.status, broken))
end
