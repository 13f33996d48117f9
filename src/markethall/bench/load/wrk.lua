-- Sends the prepared requests in turn, and tells what was seen in a line that programs read.
-- There is no `response` function: with one, wrk makes a table of each answer's headers, which costs more than
-- the request itself. Statuses are counted by the shop.

local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(args)
  local path, prefix = args[1], args[2]
  heads, tails, count, at, sent = {}, {}, 0, 0, 0
  local file = assert(io.open(path, "rb"))
  while true do
    local line = file:read("*l")
    if not line then break end
    local head, tail = line:match("^(%d+) (%d+)$")
    count = count + 1
    heads[count] = file:read(tonumber(head))
    tails[count] = tonumber(tail) > 0 and file:read(tonumber(tail)) or false
  end
  file:close()
  key = prefix .. "-" .. number .. "-"
  -- Each thread begins elsewhere in the list.
  at = math.floor(count * (number - 1) / 7) % count
end

function request()
  at = at + 1
  if at > count then at = 1 end
  local tail = tails[at]
  if not tail then return heads[at] end
  sent = sent + 1
  return heads[at] .. key .. sent .. tail
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    'MARKETHALL {"answers":%d,"microseconds":%d,"refused":%d,"broken":%d,"p50":%d,"p90":%d,"p99":%d,"p99.9":%d,"max":%d}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9), latency.max
  ))
end
