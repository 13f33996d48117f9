-- Sends the prepared requests in turn, and tells what was seen in a line that programs read.
-- Statuses are counted only where that is asked for: wrk then makes a table of each answer's headers.

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
  thread:set("number", #threads)
end

local function count(status)
  statuses[status] = (statuses[status] or 0) + 1
end

function init(args)
  local path, prefix = args[1], args[2]
  statuses = {}
  if args[3] then response = count end
  heads, tails, size, at, sent = {}, {}, 0, 0, 0
  local file = assert(io.open(path, "rb"))
  while true do
    local line = file:read("*l")
    if not line then break end
    local head, tail = line:match("^(%d+) (%d+) ")
    size = size + 1
    heads[size] = file:read(tonumber(head))
    tails[size] = tonumber(tail) > 0 and file:read(tonumber(tail)) or false
  end
  file:close()
  key = prefix .. "-" .. number .. "-"
  -- Each thread begins elsewhere in the list.
  at = math.floor(size * (number - 1) / 7) % size
end

function request()
  at = at + 1
  if at > size then at = 1 end
  local tail = tails[at]
  if not tail then return heads[at] end
  sent = sent + 1
  return heads[at] .. key .. sent .. tail
end

function done(summary, latency, requests)
  local errors, sums, told = summary.errors, {}, {}
  for _, thread in ipairs(threads) do
    for status, seen in pairs(thread:get("statuses")) do
      sums[status] = (sums[status] or 0) + seen
    end
  end
  for status, seen in pairs(sums) do
    told[#told + 1] = string.format('"%d":%d', status, seen)
  end
  io.write(string.format(
    'MARKETHALL {"answers":%d,"microseconds":%d,"refused":%d,"broken":%d,"statuses":{%s},' ..
    '"latencies":{"p50":%d,"p90":%d,"p99":%d,"p99.9":%d,"max":%d}}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, table.concat(told, ","),
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9), latency.max
  ))
end
